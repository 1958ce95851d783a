"""What a shield lets a manner command: less than its bands, which are of what is measured."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.manner import MannerProfile

SPEED, ACCELERATION, JERK = 0.95, 0.85, 0.8
"""Shares of the bands. A body overshoots what it is commanded, and who pushes against a bound sits
on it: at the whole bands a policy that was deaf to its manner kept it in 0 of 10 episodes."""


def manner_bounds(profiles: Sequence[MannerProfile]) -> NDArray[np.float64]:
    """(n, 3) greatest speed [m/s], acceleration [m/s^2] and jerk [m/s^3] of each row's commands."""
    return np.array(
        [
            [
                SPEED * profile.typical_speed_band[1],
                ACCELERATION * profile.peak_acceleration,
                JERK * profile.peak_jerk,
            ]
            for profile in profiles
        ]
    )
