"""Manners: adverbs with a physical meaning."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Manner = Literal["normal", "slowly", "quickly", "smoothly", "gently"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
MANNER = "manner"
"""Its name among what may be bounded: not to have kept it, beside the violations."""
PERCENTILE = 95.0
"""Of acceleration and jerk: one contact step is no manner."""


@dataclass(frozen=True, kw_only=True)
class MannerProfile:
    """What one manner means for one robot.

    The first three bound the expert's plan; the bands are what a metric checks on the measured
    motion of `motion_group`.
    """

    motion_group: str
    velocity: float
    """Planned top speed [m/s]."""
    acceleration: float
    """Planned top acceleration [m/s^2]."""
    jerk: float
    """Planned top jerk [m/s^3]."""
    typical_speed_band: tuple[float, float]
    """Allowed median of the speed over the moving steps [m/s]."""
    peak_acceleration: float
    """Allowed 95th percentile of the acceleration norm [m/s^2]."""
    peak_jerk: float
    """Allowed 95th percentile of the jerk norm [m/s^3]."""
    still_speed: float
    """Below this speed a step does not count as moving [m/s]."""

    def is_kept(
        self,
        velocity: NDArray[np.float64],
        acceleration: NDArray[np.float64],
        control_dt_s: float,
    ) -> bool:
        """Whether a measured motion lies within the bands.

        The median speed over the moving steps must lie in `typical_speed_band`; the 95th
        percentiles of the acceleration and jerk norms over the same steps must not pass their
        bounds. Standing still keeps no manner.

        Args:
            velocity: (T, components of `motion_group`) after each of T steps [m/s].
            acceleration: The same, mean over each step [m/s^2].
            control_dt_s: Of a step [s].
        """
        speed = np.linalg.norm(velocity, axis=1)
        moving = speed > self.still_speed
        if not moving.any():
            return False
        low, high = self.typical_speed_band
        if not low <= float(np.median(speed[moving])) <= high:
            return False
        peak = np.percentile(np.linalg.norm(acceleration[moving], axis=1), PERCENTILE)
        if peak > self.peak_acceleration:
            return False
        jerk = np.linalg.norm(np.diff(acceleration, axis=0), axis=1) / control_dt_s
        jerk = jerk[moving[1:]]
        return len(jerk) == 0 or bool(np.percentile(jerk, PERCENTILE) <= self.peak_jerk)
