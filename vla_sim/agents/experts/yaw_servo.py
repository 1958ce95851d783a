"""A tool that turns towards where it shall point, slower and slower: the turn of a push.

Where the wanted yaw changes from step to step there is no plan to keep: the rate follows from what
is left to turn now.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.panda import YAW_ACCELERATION_RAD_S2, YAW_RATE_RAD_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAIN_S = 4.0
"""Rate over what is left to turn [1/s]."""


class YawServo:
    """m tools that turn, advanced one control step at a time; a `phases.Turn`."""

    def __init__(self, yaw: Floats, rate: Floats, dt_s: float) -> None:
        """Start from yaws [rad] and rates [rad/s], shape (m,)."""
        self.yaw, self.rate = yaw, rate
        self._wanted, self._dt_s = yaw, dt_s

    def aim(self, rows: Ints, yaw_rad: Floats, manner: Ints) -> None:
        """Every tool heeds its wanted yaw, whether its phase is new or not."""
        self._wanted = yaw_rad

    def advance(self) -> Floats:
        """One control step: the new commanded rates [rad/s], shape (m,)."""
        step = YAW_ACCELERATION_RAD_S2 * self._dt_s
        wanted = _GAIN_S * (self._wanted - self.yaw)
        wanted = np.clip(wanted, -YAW_RATE_RAD_S, YAW_RATE_RAD_S)
        self.rate = np.clip(wanted, self.rate - step, self.rate + step)
        self.yaw = self.yaw + self._dt_s * self.rate
        return self.rate
