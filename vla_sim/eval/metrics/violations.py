"""Broken limits, by name. Their names come with the episode, so they are counted per name."""

import math

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.episode import Episode


def violation_steps_fraction(episode: Episode, name: str) -> float:
    """Fraction of the episode's steps on which the violation `name` was on.

    0 for a name that the episode does not know: its task cannot break that limit.
    """
    steps = episode.violations.get(name)
    return 0.0 if steps is None else float(steps.mean())


def n_stretches(steps: NDArray[np.bool_]) -> int:
    """How often a violation began."""
    return int(steps[:1].sum()) + int((steps[1:] & ~steps[:-1]).sum())


def violations_per_m(episode: Episode, name: str) -> float:
    """Stretches of steps on which the violation `name` was on, by the length of the path [1/m]."""
    steps = episode.violations.get(name)
    return 0.0 if steps is None else per_metre(n_stretches(steps), episode.path_length_m)


def per_metre(n: int, path_length_m: float) -> float:
    """A count by the length of the path [1/m]; infinite without motion, which no mean counts."""
    if path_length_m > 0.0:
        return n / path_length_m
    return math.inf if n else 0.0


def has_violation(episode: Episode, name: str) -> bool:
    """The violation `name` was on at least once."""
    steps = episode.violations.get(name)
    return steps is not None and bool(steps.any())
