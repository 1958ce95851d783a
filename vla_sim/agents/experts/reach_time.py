"""Reach time: the least time to a point under limits, for a tool and for a car.

A bound, as a controller's plan is one: of a tool the very plan that its expert makes, of a car the
shortest bend onto the point at the tightest turn, driven as fast as it may be. What stands in the
way is not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import manner_limits
from vla_sim.agents.experts.tool_motion import ToolMotion, ToolMotionConfig
from vla_sim.errors import BadConfig
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERSHOOT_M = 0.05
"""A car that cannot help passing the point by more than this does not come to rest there."""


@dataclass(frozen=True, kw_only=True)
class ToolReach:
    """Of a tool that comes to rest at a point, as `ToolMotion` plans it."""

    motion: ToolMotion
    lower_m: tuple[float, float, float] = (-np.inf, -np.inf, -np.inf)
    """The tool stays in this box."""
    upper_m: tuple[float, float, float] = (np.inf, np.inf, np.inf)

    def seconds(self, proprio: Floats, point: Floats, manner: Ints) -> Floats:
        """Least times [s], shape (m,); inf outside the box.

        Args:
            proprio: Of an arm, (m, >= 12).
            point: [m], (m, 3), same frame.
            manner: Index into MANNERS, (m,).
        """
        rollout = self.motion.start(proprio[:, :3], proprio[:, 5:8], proprio[:, 9:12])
        rollout.aim(np.arange(len(point)), point, manner)
        inside = ((point >= self.lower_m) & (point <= self.upper_m)).all(axis=1)
        return np.where(inside, rollout.left_s(), np.inf)


@dataclass(frozen=True, kw_only=True)
class CarReach:
    """Of a car that comes to rest at a point, forwards, on a bend and a straight."""

    limits: Floats
    """Velocity, acceleration and jerk of each manner, shape (len(MANNERS), 3)."""
    curvature: float
    """Of the tightest turn [1/m]."""

    def seconds(self, proprio: Floats, point: Floats, manner: Ints) -> Floats:
        """Least times [s], shape (m,); inf where no bend leads there, or it cannot stop in time.

        Args:
            proprio: Of a car, (m, >= 7): x, y, z [m], cosine and sine of the yaw, speed [m/s],
                acceleration [m/s^2].
            point: [m], (m, 3), same frame.
            manner: Index into MANNERS, (m,).
        """
        ways = bend_lengths(proprio, point, 1.0 / self.curvature)
        speed, acceleration = proprio[:, 5].clip(0.0), proprio[:, 6]
        times = np.full(ways.shape, np.inf)
        for k, side in np.argwhere(np.isfinite(ways)).tolist():
            times[k, side] = time_to_rest_s(
                float(ways[k, side]),
                float(speed[k]),
                float(acceleration[k]),
                self.limits[manner[k]],
            )
        return np.asarray(times.min(axis=1))


def bend_lengths(proprio: Floats, point: Floats, radius_m: float) -> Floats:
    """Lengths of the ways onto a point by one bend to the left, or to the right, and a straight.

    Args:
        proprio: Of a car, (m, >= 5): x, y, z [m], cosine and sine of the yaw.
        point: [m], (m, 3).
        radius_m: Of the bend.

    Returns:
        [m], (m, 2); inf where the point lies within the turning circle of that side.

    Source:
        The CS case of L. E. Dubins, Amer. J. Math. 79 (1957) 497, with a free direction at the end.
    """
    away = point[:, :2] - proprio[:, :2]
    cos, sin = proprio[:, 3], proprio[:, 4]
    ahead = (cos * away[:, 0] + sin * away[:, 1])[:, None]
    left = (cos * away[:, 1] - sin * away[:, 0])[:, None]
    # Seen from the centre of the turning circle, mirrored so that it lies to the left.
    off = left * np.array([1.0, -1.0]) - radius_m
    straight = np.sqrt(np.maximum(ahead**2 + off**2 - radius_m**2, 0.0))
    turn = np.arctan2(ahead, -off) - np.arctan2(straight, radius_m)
    # What rounding makes of straight ahead is no full circle.
    turn = np.where(turn < -1e-9, turn + 2.0 * np.pi, np.maximum(turn, 0.0))
    outside = ahead**2 + off**2 >= radius_m**2 * (1.0 - 1e-12)
    return np.where(outside, radius_m * turn + straight, np.inf)


def time_to_rest_s(way_m: float, speed: float, acceleration: float, limits: Floats) -> float:
    """Least time to come to rest after a way [s]; inf where the body cannot but pass it.

    Args:
        way_m: >= 0.
        speed: Now [m/s], >= 0.
        acceleration: Now [m/s^2].
        limits: Of velocity, acceleration and jerk, (3,).
    """
    problem = ruckig.InputParameter(1)
    problem.current_velocity = [speed]
    problem.current_acceleration = [float(np.clip(acceleration, -limits[1], limits[1]))]
    problem.target_position = [way_m]
    problem.max_velocity, problem.max_acceleration, problem.max_jerk = (
        [float(limits[0])],
        [float(limits[1])],
        [float(limits[2])],
    )
    trajectory = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(problem, trajectory)
    assert result in (ruckig.Result.Working, ruckig.Result.Finished), result
    passed = float(trajectory.position_extrema[0].max) > way_m + OVERSHOOT_M
    return np.inf if passed else float(trajectory.duration)


def tool_reach(
    embodiment: Embodiment,
    manners: Mapping[Manner, MannerProfile],
    *,
    lower_m: tuple[float, float, float],
    upper_m: tuple[float, float, float],
) -> ToolReach:
    """The teacher of an arm.

    Raises:
        BadConfig: If a manner has no limits.
    """
    motion = ToolMotionConfig(dt_s=embodiment.control_dt_s).build(manners)
    return ToolReach(motion=motion, lower_m=lower_m, upper_m=upper_m)


def car_reach(embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> CarReach:
    """The teacher of a car.

    Raises:
        BadConfig: If a manner has no limits, or the body does not say how tightly it turns.
    """
    tightest = [group.scale for group in embodiment.action if group.unit == "1/m"]
    if not tightest or not tightest[0] > 0.0:
        raise BadConfig(
            f"{embodiment.name} does not say how tightly it turns: an action in 1/m has to have a "
            "scale above 0, or there is no telling what it can reach"
        )
    return CarReach(limits=manner_limits(manners), curvature=tightest[0])
