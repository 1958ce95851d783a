"""Studies by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from vla_sim.loop.aligning.closed_loop import AlignRun
from vla_sim.loop.studying.arms import ARMS, BASE
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.recipes import align

TASKS = ("Reach", "DriveToGoal")
"""One of the arm and one of the car, which say what the words are worth within minutes."""
UPDATES = 800
"""Meant for about two minutes of a free core: reckoned from a shorter run, not measured."""


def base() -> AlignRun:
    """The default recipe on two tasks with fewer updates, on one core."""
    usual = align.default()
    return replace(
        usual,
        out=AlignRun().out,
        tasks=TASKS,
        max_updates=UPDATES,
        # In the trainer's own process, so that its CPU time is all there is and cells run side
        # by side.
        n_processes=0,
    )


def ablation() -> StudyRun:
    """Every mechanism that can be switched, alone, on two tasks from three seeds; hours."""
    return StudyRun(
        name="ablation",
        arms=tuple(ARMS),
        base=base(),
        cells=Path("benchmarks/results/studies"),
        docs=Path("docs/studies"),
    )


def glance() -> StudyRun:
    """Three arms from two seeds for seconds: shows what a study is, says nothing."""
    return StudyRun(
        name="glance",
        arms=(BASE, "no-alignment", "no-ensemble"),
        seeds=(0, 1),
        base=replace(align.glance(), tasks=("Reach",), n_processes=0),
        measured=MeasuredConfig(episodes=4, gallery=4),
    )


RECIPES: Mapping[str, Callable[[], StudyRun]] = {"glance": glance, "ablation": ablation}
