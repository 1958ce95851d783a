"""Manners: adverbs with a physical meaning."""

from dataclasses import dataclass
from typing import Literal, get_args

Manner = Literal["normal", "slowly", "quickly", "smoothly", "gently"]
MANNERS: tuple[Manner, ...] = get_args(Manner)


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
