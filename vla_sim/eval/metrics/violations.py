"""Broken limits, by name. Their names come with the episode, so they are counted per name."""

import math

import numpy as np
from numpy.typing import NDArray


def n_stretches(steps: NDArray[np.bool_]) -> int:
    """How often a violation began, from the steps (t,) on which it was on."""
    return int(steps[:1].sum()) + int((steps[1:] & ~steps[:-1]).sum())


def per_metre(n: int, path_length_m: float) -> float:
    """A count by the length of the path [1/m]; infinite without motion, which no mean counts."""
    if path_length_m > 0.0:
        return n / path_length_m
    return math.inf if n else 0.0
