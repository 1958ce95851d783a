"""A car as its expert imagines it: a kinematic bicycle behind the action filter."""

import math

from vla_sim.physics.compiled import entry

BRAKE_RATE = 0.8  # [1/s] v = rate * distance close to a stop: no jolt at standstill
SPEED_RATE = 1.2  # [1/s] how fast a speed error is worked off


@entry
def clip(value: float, low: float, high: float) -> float:
    """Value within [low, high]."""
    return min(max(value, low), high)


@entry
def wrap(angle: float) -> float:
    """Angle in (-pi, pi]."""
    return math.atan2(math.sin(angle), math.cos(angle))


@entry
def filtered_command(
    wanted: float, filtered: float, gain: float, scale: float
) -> tuple[float, float]:
    """Normalised command towards a wanted filtered value, and what the filter makes of it."""
    command = clip((filtered + (wanted - filtered) / gain) / scale, -1.0, 1.0)
    return command, filtered + gain * (command * scale - filtered)


@entry
def stopping_speed(distance: float, deceleration: float, rate: float = BRAKE_RATE) -> float:
    """Speed from which a car can still stop within `distance`, without a jolt at the end [m/s].

    Close to the stop the speed is `rate` [1/s] times what is left.
    """
    near = deceleration / (rate * rate)
    if distance <= 0.0:
        return 0.0
    if distance < near:
        return rate * distance
    return math.sqrt(2.0 * deceleration * (distance - 0.5 * near))


@entry
def next_acceleration(
    wanted: float, acceleration: float, limit: float, jerk: float, dt_s: float
) -> float:
    """The next acceleration on the way to `wanted`, within the limits of acceleration and jerk."""
    change = clip(clip(wanted, -limit, limit) - acceleration, -jerk * dt_s, jerk * dt_s)
    return acceleration + change


@entry
def moved(
    x: float,
    y: float,
    yaw: float,
    speed: float,
    acceleration: float,
    curvature: float,
    to_rear: float,
    dt_s: float,
) -> tuple[float, float, float, float]:
    """Pose and speed one control step later.

    The curvature is that of the rear axle's path, which lies `to_rear` behind the point (x, y).
    """
    speed_after = max(speed + acceleration * dt_s, 0.0)
    way = 0.5 * (speed + speed_after) * dt_s
    turn = way * curvature
    forward_x, forward_y = math.cos(yaw + 0.5 * turn), math.sin(yaw + 0.5 * turn)
    # The point itself also swings sideways while the car turns about its rear axle.
    x += way * forward_x - to_rear * turn * forward_y
    y += way * forward_y + to_rear * turn * forward_x
    return x, y, yaw + turn, speed_after
