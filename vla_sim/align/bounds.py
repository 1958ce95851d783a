"""Between which bounds a chunk is to move the body, by task and by the manner that was said.

A manner is not only an upper bound: who is told to be quick is too slow sooner than too fast.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.losses.motion import SIDES
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

MARGIN = 0.8
"""Chunks stay at this share of the bands that are measured: measured motion has its own tremor."""
SLOWEST_MARGIN = 1.15
"""The same for the least speed."""

Floats = NDArray[np.float32]


def bounds_of(embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> Floats:
    """Bounds of one task, shape (len(MANNERS), len(SIDES)).

    Acceleration and jerk stay within the manner's bands and, where the manner's own plan does, in
    what is comfortable; a plan is never forbidden to itself.
    """
    table = np.zeros((len(MANNERS), len(SIDES)), dtype=np.float32)
    for row, manner in zip(table, MANNERS, strict=True):
        profile = manners[manner]
        low, high = profile.typical_speed_band
        acceleration = MARGIN * min(profile.peak_acceleration, embodiment.comfort_acceleration)
        jerk = MARGIN * min(profile.peak_jerk, embodiment.comfort_jerk)
        row[:] = (
            SLOWEST_MARGIN * low,
            max(high, profile.velocity),
            max(acceleration, profile.acceleration),
            max(jerk, profile.jerk),
            profile.motion_group == "planar",
        )
    return table


def unbounded(n_tasks: int) -> Floats:
    """The table of tasks whose manners ask for nothing, shape (n_tasks, len(MANNERS), sides)."""
    return np.tile(np.array([0.0, np.inf, np.inf, np.inf, 0.0], "f4"), (n_tasks, len(MANNERS), 1))
