"""Angles that wrap around."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def off_heading(yaw: Floats, heading: Floats | float) -> Floats:
    """By how much a yaw is off a heading, in [-pi, pi); shapes as numpy broadcasts them [rad]."""
    off: Floats = yaw - heading
    return off - 2.0 * np.pi * np.floor(off / (2.0 * np.pi) + 0.5)
