"""The action filter: a first-order low-pass that a controller can invert exactly."""

import math

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig

Floats = NDArray[np.float64]


def low_pass_gain(bandwidth_fraction: float, dt_s: float) -> float:
    """Gain of the filter whose cut-off is a fraction of the control Nyquist frequency.

    Args:
        bandwidth_fraction: Cut-off over Nyquist frequency, in (0, 1].
        dt_s: Control period [s].

    Returns:
        alpha in (0, 1): filtered + alpha * (u - filtered) is the next filtered value.

    Raises:
        BadConfig: If an argument is out of range.

    Source:
        The exact discretisation of a first-order lag under a held input.
    """
    if not 0.0 < bandwidth_fraction <= 1.0:
        raise BadConfig(f"bandwidth_fraction must be in (0, 1], got {bandwidth_fraction}")
    if not dt_s > 0.0:
        raise BadConfig(f"dt_s must be positive, got {dt_s}")
    cutoff_hz = bandwidth_fraction * 0.5 / dt_s
    return 1.0 - math.exp(-2.0 * math.pi * cutoff_hz * dt_s)


def low_pass(filtered: Floats, u: Floats, alpha: float) -> Floats:
    """The filtered value after one step with input u."""
    return filtered + alpha * (u - filtered)


def input_for(filtered: Floats, wanted: Floats, alpha: float) -> Floats:
    """The input that takes the filter from `filtered` to `wanted` in one step."""
    return filtered + (wanted - filtered) / alpha
