"""Comparisons of engines by name."""

from collections.abc import Callable, Mapping

from vla_sim.loop.benching.gap import GapRun


def default() -> GapRun:
    """The expert on 100 scenes of every task that both engines run."""
    return GapRun()


def glance() -> GapRun:
    """4 scenes per task, to see the tables."""
    return GapRun(episodes=4, n_slots=4, drift_steps=(50,))


RECIPES: Mapping[str, Callable[[], GapRun]] = {
    "default": default,
    "glance": glance,
}
