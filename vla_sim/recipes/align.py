"""Alignments by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vla_sim.align.encoders.minilm import MINILM
from vla_sim.align.encoders.table import ENCODERS
from vla_sim.align.encoders.text import BagTextConfig, TransformerTextConfig
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import Weights
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.learner import LearnerConfig
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.loop.simulating.simulators import StationConfig


def _trainer() -> TrainerConfig:
    """Small towers; behaviour weighs most, alignment runs on every twelfth update."""
    return TrainerConfig(
        segment_every=12,
        rehearsal_noise=0.02,
        freeze_text_after=0.35,
        model=ModelConfig(
            vision=VisionConfig(width=32, deep_width=64, n_out=48),
            # Wording never seen brings unknown words; they have to be met while words are learnt.
            text=TransformerTextConfig(unknown_dropout=0.15),
            n_hazard=96,
            decoder_layers=3,
            sideways=True,
        ),
        weights=Weights(
            # The decoder learns from the truth: from an eye that errs it learns to do half of what
            # is needed. A tenth keeps it used to its eye.
            behaviour=1.0,
            rehearsal=9.0,
            goal=1.0,
            grounding=0.5,
            hazard=0.5,
            contrast_vl=0.3,
            contrast_la=0.3,
            contrast_va=0.15,
            contrast_step=0.1,
            cycle=0.06,
            # Who is told to be quick errs towards the mean of all manners: too slow.
            velocity=1.0,
            acceleration=0.2,
            jerk=0.2,
        ),
    )


def default() -> AlignRun:
    """All four tasks in one model, within minutes."""
    return AlignRun(
        learner=LearnerConfig(
            trainer=_trainer(),
            memory=MemoryConfig(
                n_steps=48_000, n_segments=1_500, batch_segments=64, batch_rehearsal=448
            ),
        ),
        rows_per_round=512,
        rounds_per_evaluation=9,
    )


def before_0050(trainer: TrainerConfig) -> TrainerConfig:
    """A trainer as decision 0050 found the default's, for what was measured so.

    Steering counts by its command, and the eye's errors teach the decoder as much as the truth.
    """
    return replace(
        trainer,
        model=replace(trainer.model, sideways=False),
        weights=replace(trainer.weights, behaviour=5.0, rehearsal=5.0),
    )


def core() -> AlignRun:
    """All tasks of the core in one model, in an hour and a half on two cores."""
    run = default()
    usual = run.learner.trainer
    trainer = replace(
        usual,
        segment_every=24,
        # The decoder is told the truth alone, with errors as large as the eye's: those of an eye
        # that mistakes one thing for another would teach it to hesitate.
        goal_forcing=1.0,
        last_goal_forcing=1.0,
        rehearsal_noise=None,
        model=replace(usual.model, lines=True, n_glances=2),
        # Moments with pictures are told the truth here too, so there is nothing to hold them back.
        weights=replace(usual.weights, behaviour=5.0, rehearsal=5.0),
    )
    return replace(
        run,
        tasks=("core",),
        learner=replace(
            run.learner,
            trainer=trainer,
            # Long tasks want thousands of pictures each, and tens of thousands of moments.
            memory=replace(
                run.learner.memory,
                n_steps=88_000,
                n_rehearsal=440_000,
                batch_steps=44,
                batch_rehearsal=384,
            ),
        ),
        max_updates=30_000,
        # With 22 tasks it is the simulators who have the most to do: a round is as long as theirs.
        updates_per_round=250,
        rows_per_round=512,
        updates_per_evaluation=500,
        rounds_per_evaluation=18,
        online_episodes=16,
        gallery_per_task=48,
    )


def pcgrad() -> AlignRun:
    """The default with conflicts between losses taken out of the shared representation."""
    return _with_trainer(replace(_trainer(), reconciling=PcgradConfig()))


def bag_of_words() -> AlignRun:
    """The default with the mean of word embeddings as its text tower: faster, blind to order."""
    trainer = _trainer()
    return _with_trainer(replace(trainer, model=replace(trainer.model, text=BagTextConfig())))


def minilm() -> AlignRun:
    """The default with pretrained MiniLM as text tower (extra minilm): it reads English only."""
    trainer = _trainer()
    return _with_trainer(replace(trainer, model=replace(trainer.model, text=ENCODERS[MINILM])))


def reach() -> AlignRun:
    """Reach alone."""
    return replace(
        default(),
        tasks=("Reach",),
        max_updates=2_000,
        gallery_per_task=256,
    )


def glance() -> AlignRun:
    """A few dozen updates, to see the loop turn."""
    run = default()
    memory = replace(run.learner.memory, batch_steps=8, batch_segments=2)
    return replace(
        run,
        learner=replace(run.learner, memory=memory),
        simulators=StationConfig(n_slots=4),
        max_updates=40,
        updates_per_round=10,
        updates_per_evaluation=10,
        rounds_per_evaluation=2,
        warm_up_rows=96,
        rows_per_round=8,
        online_episodes=2,
        gallery_per_task=4,
    )


def _with_trainer(trainer: TrainerConfig) -> AlignRun:
    run = default()
    return replace(run, learner=replace(run.learner, trainer=trainer))


RECIPES: Mapping[str, Callable[[], AlignRun]] = {
    "default": default,
    "core": core,
    "pcgrad": pcgrad,
    "bag-of-words": bag_of_words,
    "minilm": minilm,
    "reach": reach,
    "glance": glance,
}
