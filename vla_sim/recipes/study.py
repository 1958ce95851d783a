"""Studies by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.studying.arms import ARMS, BASE
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.recipes import align

TASKS = ("Reach", "DriveToGoal")
"""One of the arm and one of the car, which say what the words are worth within minutes."""
UPDATES = 1_200
"""As many as let a difference show, in cells of minutes."""
SEGMENTS_EVERY = 6
"""Twice as often as in the default recipe: so that in so few updates alignment acts at all."""

DECODER_LAYERS, N_HAZARD = 2, 32
"""Those of the default recipe when the first cell was measured: arms are told apart by cells that
differ in nothing else."""


def base() -> AlignRun:
    """The default recipe on two tasks, shorter, with every term from the first update on.

    On one core: its simulators run in the trainer's own process, so that its CPU time is all there
    is and cells run side by side.
    """
    usual = align.default()
    trainer = align.before_0050(usual.learner.trainer)
    return replace(
        usual,
        out=AlignRun().out,
        tasks=TASKS,
        max_updates=UPDATES,
        # Behind its gates a term would come too late to be worth anything: see the arm `gates`.
        learner=replace(
            usual.learner,
            trainer=replace(
                trainer,
                model=replace(trainer.model, decoder_layers=DECODER_LAYERS, n_hazard=N_HAZARD),
                segment_every=SEGMENTS_EVERY,
                curriculum=replace(trainer.curriculum, first="all"),
            ),
        ),
        rounds_per_evaluation=4,
        updates_per_evaluation=100,
        online_episodes=16,
        n_processes=0,
    )


def ablation() -> StudyRun:
    """Every mechanism that can be switched, alone, on two tasks from three seeds; hours."""
    return StudyRun(
        name="ablation",
        arms=tuple(ARMS),
        base=base(),
        # Told another goal, no arm does what it was not told: that costs a third of the benchmark.
        measured=MeasuredConfig(told=("correct", "held_out", "other_language")),
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
