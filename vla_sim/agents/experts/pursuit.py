"""Pure pursuit of a way of straight legs, with a speed plan that ends in a stop on its last corner.

The way is where the car shall go; how fast, how tight and what else it minds is decided here, step
by step, from the state alone.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_motion import (
    SPEED_RATE,
    clip,
    filtered_command,
    moved,
    next_acceleration,
    stopping_speed,
    wrap,
)
from vla_sim.assets.car import CENTRE_TO_REAR_M
from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]

ALLOWED_MISS_M, TRIED_MISS_M = 1.3, 1.9
"""By how much the tightest turn may miss a goal before the car draws away from it first [m]."""
CREEP_M_S = 1.5
"""Speed while the car draws away from a goal that it cannot turn onto."""
WIDE_M, LONG_M = 0.9, 2.4
"""What the car sweeps straight ahead: half its width, and its front, with room to spare [m]."""


@dataclass(frozen=True, kw_only=True)
class PursuitSettings:
    """Settings of every expert that pursues a way; kernels read them by name."""

    to_rear_m: float = CENTRE_TO_REAR_M
    """From the car's controlled point back to the rear axle, whose path is steered [m]."""
    lateral_acceleration: float = 2.5
    """Aimed at in curves at most [m/s^2]."""
    lateral_limit: float = 3.5
    """Never steered for more than this [m/s^2]."""
    curvature_rate: float = 0.15
    """[1/(m s)]"""
    curvature_limit: float = 0.195
    """[1/m]"""
    lookahead_s: float = 0.8
    """Pure pursuit looks this far ahead,"""
    lookahead_min_m: float = 3.5
    """and at least this far."""
    preview_s: float = 2.0
    """Curves are slowed down for this far ahead."""
    braking_share: float = 0.85
    """Share of the manner's acceleration that a planned stop uses."""
    arrived_m: float = 0.8
    """Closer than this to the way's end the wheels are held straight."""


@entry
def _along(way: Floats, n: int, x: float, y: float) -> tuple[int, float, float, float]:
    """Where a way is nearest to a point: leg, x and y there, and what is left to its end [m]."""
    best, leg, at_x, at_y = np.inf, 0, way[0, 0], way[0, 1]
    for i in range(n - 1):
        dx, dy = way[i + 1, 0] - way[i, 0], way[i + 1, 1] - way[i, 1]
        length2 = max(dx * dx + dy * dy, 1e-12)
        t = clip(((x - way[i, 0]) * dx + (y - way[i, 1]) * dy) / length2, 0.0, 1.0)
        px, py = way[i, 0] + t * dx, way[i, 1] + t * dy
        distance = (px - x) ** 2 + (py - y) ** 2
        if distance < best:
            best, leg, at_x, at_y = distance, i, px, py
    left = 0.0
    px, py = at_x, at_y
    for i in range(leg + 1, n):
        left += math.sqrt((way[i, 0] - px) ** 2 + (way[i, 1] - py) ** 2)
        px, py = way[i, 0], way[i, 1]
    return leg, at_x, at_y, left


@entry
def _ahead(
    way: Floats, n: int, leg: int, x: float, y: float, distance: float
) -> tuple[float, float]:
    """The point `distance` further along the way from (x, y) on its leg; its end at most."""
    for i in range(leg + 1, n):
        dx, dy = way[i, 0] - x, way[i, 1] - y
        length = math.sqrt(dx * dx + dy * dy)
        if length >= distance:
            return x + dx * distance / length, y + dy * distance / length
        distance -= length
        x, y = way[i, 0], way[i, 1]
    return x, y


@entry
def _pursuit_curvature(dx: float, dy: float, cosine: float, sine: float) -> float:
    """Curvature of the arc from the rear axle through a point (dx, dy) away from it [1/m]."""
    ahead, beside = dx * cosine + dy * sine, -dx * sine + dy * cosine
    if ahead < 0.0:  # behind: as tight as it goes
        return math.copysign(1.0, beside)
    return 2.0 * beside / max(dx * dx + dy * dy, 1.0)


@entry
def _is_inside_turn(
    dx: float, dy: float, cosine: float, sine: float, curvature_limit: float
) -> bool:
    """Whether a point is so near beside the car that its tightest turn circles around it."""
    ahead, beside = dx * cosine + dy * sine, abs(-dx * sine + dy * cosine)
    radius = 1.0 / curvature_limit
    # Worth a try as long as the point lies ahead; behind, another try would only orbit.
    miss = TRIED_MISS_M if ahead > 0.0 else ALLOWED_MISS_M
    return math.sqrt(ahead * ahead + (beside - radius) ** 2) < radius - miss


@entry
def _planned_deceleration(distance: float, deceleration: float, speed: float) -> float:
    """How fast the stopping speed falls while driving towards the stop [m/s^2]."""
    slope = stopping_speed(distance + 0.05, deceleration) - stopping_speed(distance, deceleration)
    return min(slope / 0.05 * speed, deceleration)


@entry
def steer(
    car: Floats,
    way: Floats,
    n: int,
    obstacle: Floats,
    margin: float,
    limits: Floats,
    settings: Any,
    dt_s: float,
) -> tuple[float, float]:
    """Acceleration and curvature of the next step of a car (6,) along a way of n corners."""
    curvature_limit, to_rear = settings.curvature_limit, settings.to_rear_m
    x, y, yaw, speed, accel, curve = car
    cruise, accel_limit, jerk = limits
    cosine, sine = math.cos(yaw), math.sin(yaw)
    rear_x, rear_y = x - to_rear * cosine, y - to_rear * sine
    goal_x, goal_y = way[n - 1]
    leg, at_x, at_y, left = _along(way, n, x, y)
    reach = max(settings.lookahead_min_m, settings.lookahead_s * speed)
    to_x, to_y = _ahead(way, n, leg, at_x, at_y, reach)
    for o in range(len(obstacle)):
        # Too near an obstacle: aim away from it, unless the goal itself is that near.
        ox, oy = to_x - obstacle[o, 0], to_y - obstacle[o, 1]
        off = math.sqrt(ox * ox + oy * oy)
        clear = obstacle[o, 2] + margin
        if 1e-6 < off < clear:
            goal_off = math.sqrt((goal_x - obstacle[o, 0]) ** 2 + (goal_y - obstacle[o, 1]) ** 2)
            clear = max(min(clear, 0.98 * goal_off), off)
            to_x, to_y = obstacle[o, 0] + ox * clear / off, obstacle[o, 1] + oy * clear / off
    bend = _pursuit_curvature(to_x - rear_x, to_y - rear_y, cosine, sine)
    tightest = abs(curve)
    for p in range(1, 4):
        far_x, far_y = _ahead(way, n, leg, at_x, at_y, settings.preview_s * speed * p / 3.0 + reach)
        need = abs(_pursuit_curvature(far_x - rear_x, far_y - rear_y, cosine, sine))
        tightest = max(tightest, min(need, 2.0 * curvature_limit))
    top = min(cruise, math.sqrt(settings.lateral_acceleration / max(tightest, 1e-3)))
    brake = settings.braking_share * accel_limit
    for o in range(len(obstacle)):
        # Whatever the way says: slow down before what stands straight ahead.
        ox, oy = obstacle[o, 0] - x, obstacle[o, 1] - y
        ahead, beside = ox * cosine + oy * sine, abs(-ox * sine + oy * cosine)
        if ahead > 0.0 and beside < obstacle[o, 2] + WIDE_M:
            room = ahead - obstacle[o, 2] - LONG_M
            top = min(top, max(stopping_speed(room, accel_limit), CREEP_M_S))
    dx, dy = goal_x - x, goal_y - y
    distance = math.sqrt(dx * dx + dy * dy)
    # A way around corners is longer than what is driven, and braking has a jerk-limited onset.
    left = min(left, 1.05 * distance)
    left = max(left - 0.5 * speed * brake / jerk, 0.5 * left)
    if distance < settings.arrived_m or (distance < 1.5 and dx * cosine + dy * sine < 0.0):
        bend, top = 0.0, 0.0
    elif n == 2 and _is_inside_turn(dx, dy, cosine, sine, curvature_limit):
        bend, top = 0.0, min(top, max(stopping_speed(left, brake), CREEP_M_S))
    else:
        top = min(top, stopping_speed(left, brake))
    wanted = SPEED_RATE * (top - speed)
    if top < cruise and speed > 0.3 and left < 0.5 * speed * speed / brake + 2.0:
        wanted -= _planned_deceleration(left, brake, speed)
    accel_next = next_acceleration(wanted, accel, accel_limit, jerk, dt_s)
    most = min(curvature_limit, settings.lateral_limit / max(speed * speed, 1.0))
    step = settings.curvature_rate * dt_s
    return accel_next, curve + clip(clip(bend, -most, most) - curve, -step, step)


@entry
def pursue(
    car: Floats,
    way: Floats,
    n: int,
    obstacle: Floats,
    margin: float,
    limits: Floats,
    settings: Any,
    scale: Floats,
    gain: float,
    dt_s: float,
    action: Floats,
) -> None:
    """Fill `action` (size, 2) of a car (6,) along a way of n corners, and move the car there."""
    for k in range(len(action)):
        accel, curve = steer(car, way, n, obstacle, margin, limits, settings, dt_s)
        action[k, 0], car[4] = filtered_command(accel, car[4], gain, scale[0])
        action[k, 1], car[5] = filtered_command(curve, car[5], gain, scale[1])
        car[0], car[1], car[2], car[3] = moved(
            car[0], car[1], car[2], car[3], car[4], car[5], settings.to_rear_m, dt_s
        )


@entry
def sane(car: Floats) -> Floats:
    """A copy of a car (6,) whose yaw is wrapped and which does not roll backwards."""
    copied = car.copy()
    copied[2], copied[3] = wrap(car[2]), max(car[3], 0.0)
    return copied
