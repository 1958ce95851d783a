"""Broken limits, by name. Their names come with the episode, so they are counted per name."""

from vla_sim.records.episode import Episode


def violation_steps_fraction(episode: Episode, name: str) -> float:
    """Fraction of the episode's steps on which the violation `name` was on.

    0 for a name that the episode does not know: its task cannot break that limit.
    """
    steps = episode.violations.get(name)
    return 0.0 if steps is None else float(steps.mean())


def has_violation(episode: Episode, name: str) -> bool:
    """The violation `name` was on at least once."""
    steps = episode.violations.get(name)
    return steps is not None and bool(steps.any())
