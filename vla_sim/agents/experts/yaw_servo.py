"""A tool that turns towards where it shall point, slower and slower.

Its rate follows from what is left to turn now, but for the few steps in which it gathers speed. No
robot here feels how fast it turns its hand, so who learns from an expert cannot go on with a turn
that was planned before: of a plan that gathers speed slowly it learns to go on turning as it turns,
whichever way that is.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import manner_limits
from vla_sim.assets.panda import YAW_ACCELERATION_RAD_S2, YAW_RANGE_RAD, YAW_RATE_RAD_S
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAIN_PER_S = 4.0
"""Rate over what is left to turn [1/s]."""
_LEVER_M = 0.3
"""A manner turns a radian as briskly as it moves this far [m]."""


def heeding(manners: Mapping[Manner, MannerProfile]) -> Floats:
    """Rates of turns under each manner, shape (len(MANNERS),) [rad/s]."""
    return np.minimum(manner_limits(manners)[:, 0] / _LEVER_M, YAW_RATE_RAD_S)


class YawServo:
    """m tools that turn, advanced one control step at a time; a `phases.Turn`."""

    def __init__(
        self, yaw: Floats, rate: Floats, dt_s: float, top_rate: Floats | None = None
    ) -> None:
        """Start from yaws [rad] and rates [rad/s], shape (m,).

        Args:
            yaw: Where the tools point.
            rate: How fast they turn.
            dt_s: Control period [s].
            top_rate: Of each manner, shape (len(MANNERS),) [rad/s]; None for turns that heed none.
        """
        self.yaw, self.rate = yaw, rate
        self._dt_s = dt_s
        self._top_rate = np.full(len(MANNERS), YAW_RATE_RAD_S) if top_rate is None else top_rate
        self._wanted, self._most = yaw, np.zeros(len(yaw))

    def aim(self, yaw_rad: Floats, manner: Ints) -> None:
        """Every tool heeds its wanted yaw, as far as it can turn."""
        self._wanted = np.clip(yaw_rad, -YAW_RANGE_RAD, YAW_RANGE_RAD)
        self._most = self._top_rate[manner]

    def advance(self) -> Floats:
        """One control step: the new commanded rates [rad/s], shape (m,)."""
        step = YAW_ACCELERATION_RAD_S2 * self._dt_s
        wanted = _GAIN_PER_S * (self._wanted - self.yaw)
        wanted = np.clip(wanted, -self._most, self._most)
        self.rate = np.clip(wanted, self.rate - step, self.rate + step)
        self.yaw = self.yaw + self._dt_s * self.rate
        return self.rate
