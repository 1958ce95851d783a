"""Benchmarks by name: every suite, and a few more."""

from collections.abc import Callable, Mapping

from vla_sim.envs.suites import SUITES, about
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.evaluation import ALL_ARMS

TOLD_OTHERWISE = ("spine", "language")
"""Suites that are run under every instruction arm."""


def default() -> BenchRun:
    """100 unseen scenes of the spine's tasks under every instruction arm."""
    return BenchRun()


def correct() -> BenchRun:
    """The true instruction only."""
    return BenchRun(arms=("correct",))


def glance() -> BenchRun:
    """4 episodes per task, to see the table."""
    return BenchRun(episodes=4, arms=("correct", "swapped"), gallery=4, n_slots=4)


def suite(name: str) -> BenchRun:
    """The rows of a suite, 50 unseen scenes each."""
    rows = SUITES[name]
    return BenchRun(
        suite=name,
        tasks=tuple(dict.fromkeys(row.task_id for row in rows)),
        episodes=50,
        arms=ALL_ARMS if name in TOLD_OTHERWISE else ("correct",),
        gallery=0,
        n_slots=25,
    )


def _recipe(name: str) -> Callable[[], BenchRun]:
    """The recipe of a suite, with a line that `list` and `--help` show."""

    def recipe() -> BenchRun:
        return suite(name)

    told = " Under every instruction arm." if name in TOLD_OTHERWISE else ""
    recipe.__doc__ = about(name) + told
    return recipe


RECIPES: Mapping[str, Callable[[], BenchRun]] = {
    "default": default,
    "correct": correct,
    "glance": glance,
    **{name: _recipe(name) for name in SUITES},
}
