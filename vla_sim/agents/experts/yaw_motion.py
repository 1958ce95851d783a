"""Jerk-limited turns of a tool about the vertical: one ruckig problem for each row.

The counterpart of `tool_motion` with one axis: what is sampled, and where plans start, is told
there. A manner turns the tool as briskly as it moves it: `lever_m` says how much turn counts as how
much way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import manner_limits
from vla_sim.agents.experts.tool_motion import MAIN_SHARE, SHORTEST_S
from vla_sim.assets.panda import (
    YAW_ACCELERATION_RAD_S2,
    YAW_JERK_RAD_S3,
    YAW_RANGE_RAD,
    YAW_RATE_RAD_S,
)
from vla_sim.errors import BadConfig
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OFFSET_DECAY = 0.5
_SANE_RATE_RAD_S = 10.0
_AT_REST = 1e-9
"""A tool whose yaw is right and still to this much needs no plan."""


@dataclass(frozen=True, kw_only=True)
class YawMotionConfig:
    """How a tool turns."""

    dt_s: float
    """Control period [s]."""
    lever_m: float = 0.3
    """A turn of one radian is planned like a way of this length [m]."""

    def __post_init__(self) -> None:
        """Refuse what no robot has."""
        if not min(self.dt_s, self.lever_m) > 0.0:
            raise BadConfig("dt_s and lever_m must be positive")

    def build(self, manners: Mapping[Manner, MannerProfile]) -> "YawMotion":
        """Turns under these manners."""
        return YawMotion(self, manners)


class YawMotion:
    """Solves and samples turns; holds limits only, no state of any tool."""

    def __init__(self, config: YawMotionConfig, manners: Mapping[Manner, MannerProfile]) -> None:
        self.config = config
        most = np.array([YAW_RATE_RAD_S, YAW_ACCELERATION_RAD_S2, YAW_JERK_RAD_S3])
        self._limits = MAIN_SHARE * np.minimum(manner_limits(manners) / config.lever_m, most)
        self._problem = ruckig.InputParameter(1)
        self._solver = ruckig.Ruckig(1)

    def start(self, yaw: Floats, rate: Floats, acceleration: Floats) -> "YawRollout":
        """A kinematic roll-out from commanded yaw [rad], its rate and difference quotient, (m,)."""
        return YawRollout(self, yaw, rate, acceleration)

    def solve(
        self, trajectory: ruckig.Trajectory, way: float, rate: float, acc: float, manner: int
    ) -> None:
        """Plan a turn by `way` from a rate and an acceleration to rest, into `trajectory`."""
        top, most, jerk = (float(limit) for limit in self._limits[manner])
        # A sampled tool cannot follow a turn of a few samples: at rest it would tremble.
        size = abs(way) + 0.5 * SHORTEST_S * abs(rate) + SHORTEST_S**2 / 12.0 * abs(acc)
        jerk = min(jerk, 32.0 * size / SHORTEST_S**3 + 0.01)
        problem = self._problem
        problem.target_position = [way]
        problem.current_velocity = [rate]
        problem.current_acceleration = [min(max(acc, -most), most)]
        problem.max_velocity, problem.max_acceleration = [top], [most]
        problem.max_jerk = [jerk]
        result = self._solver.calculate(problem, trajectory)
        assert result in (ruckig.Result.Working, ruckig.Result.Finished), result


class YawRollout:
    """m tools that turn, advanced one control step at a time; a `phases.Turn`."""

    def __init__(self, motion: YawMotion, yaw: Floats, rate: Floats, acceleration: Floats) -> None:
        self._motion = motion
        self.yaw = yaw.copy()
        self.rate = np.clip(rate, -_SANE_RATE_RAD_S, _SANE_RATE_RAD_S)
        self.acceleration = acceleration.copy()
        m = len(yaw)
        self._plans: dict[int, ruckig.Trajectory] = {}
        self._has_plan = np.zeros(m, dtype=np.bool_)
        self._offset, self._clock_s = np.zeros(m), np.zeros(m)

    def aim(self, rows: Ints, yaw_rad: Floats, manner: Ints) -> None:
        """Plan anew for some rows.

        Args:
            rows: Which rows, shape (r,).
            yaw_rad: The yaws at which all tools shall come to rest, shape (m,).
            manner: Index into MANNERS, shape (m,).
        """
        half_s = 0.5 * self._motion.config.dt_s
        rate, acc = self.rate[rows], self.acceleration[rows]
        way = np.minimum(np.maximum(yaw_rad[rows], -YAW_RANGE_RAD), YAW_RANGE_RAD)
        way = way - np.minimum(np.maximum(self.yaw[rows], -np.pi), np.pi)
        is_moving = np.abs(way) + np.abs(rate) + np.abs(acc) > _AT_REST
        for i in np.flatnonzero(is_moving | self._has_plan[rows]).tolist():
            row, now, bend = int(rows[i]), float(rate[i]), float(acc[i])
            # A sampled hold is half a period ahead of the continuous plan, which starts there.
            before = now - half_s * bend
            plan = ruckig.Trajectory(1)
            ahead = float(way[i]) + half_s * now + half_s * before
            self._motion.solve(plan, ahead, before, bend, int(manner[row]))
            self._plans[row], self._has_plan[row] = plan, True
            self._clock_s[row] = half_s
            self._offset[row] = now - plan.at_time(half_s)[1][0]

    def advance(self) -> Floats:
        """One control step along the plans: the new commanded rates [rad/s], shape (m,)."""
        dt_s = self._motion.config.dt_s
        self._clock_s += dt_s
        self._offset *= _OFFSET_DECAY
        planned = np.zeros(len(self.yaw))
        for row in np.flatnonzero(self._has_plan).tolist():
            turned = self._plans[row].at_time(float(self._clock_s[row]))[1][0]
            planned[row] = turned + self._offset[row]
        self.acceleration = (planned - self.rate) / dt_s
        self.rate = planned
        self.yaw = self.yaw + dt_s * planned
        return planned
