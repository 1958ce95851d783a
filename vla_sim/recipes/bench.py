"""Benchmarks by name."""

from collections.abc import Callable, Mapping

from vla_sim.loop.bench import BenchRun


def default() -> BenchRun:
    """100 unseen scenes per task under every instruction arm."""
    return BenchRun()


def correct() -> BenchRun:
    """The true instruction only."""
    return BenchRun(arms=("correct",))


def glance() -> BenchRun:
    """4 episodes per task, to see the table."""
    return BenchRun(episodes=4, arms=("correct", "swapped"), gallery=4, n_slots=4)


RECIPES: Mapping[str, Callable[[], BenchRun]] = {
    "default": default,
    "correct": correct,
    "glance": glance,
}
