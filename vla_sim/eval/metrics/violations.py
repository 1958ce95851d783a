"""Broken limits, by name. Their names come with the episode, so they are counted per name."""

import math

from vla_sim.records.episode import Episode


def violation_steps_fraction(episode: Episode, name: str) -> float:
    """Fraction of the episode's steps on which the violation `name` was on.

    0 for a name that the episode does not know: its task cannot break that limit.
    """
    steps = episode.violations.get(name)
    return 0.0 if steps is None else float(steps.mean())


def violations_per_m(episode: Episode, name: str) -> float:
    """Stretches of steps on which the violation `name` was on, by the length of the path [1/m].

    Infinite for a violation without motion, which no mean counts.
    """
    steps = episode.violations.get(name)
    if steps is None or not steps.any():
        return 0.0
    begun = int(steps[0]) + int((steps[1:] & ~steps[:-1]).sum())
    return begun / episode.path_length_m if episode.path_length_m > 0.0 else math.inf


def has_violation(episode: Episode, name: str) -> bool:
    """The violation `name` was on at least once."""
    steps = episode.violations.get(name)
    return steps is not None and bool(steps.any())
