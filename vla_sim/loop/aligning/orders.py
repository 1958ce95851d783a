"""Orders: what a trainer is to do next, said so that every process of a crew does the same."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.body import Body
from vla_sim.align.crew import Crew, rows_of
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.objective import LossReport
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.align.trainer_state import TrainerState
from vla_sim.records.reports import Recall
from vla_sim.records.triple import SegmentTriples, StepTriples, StripTriples


class Order(ABC):
    """Something to be done by the trainers of all processes."""

    @abstractmethod
    def done_by(self, trainer: AlignTrainer) -> object:
        """Do it; what comes of it is the same in every process."""

    def part(self, rank: int, size: int) -> Self:
        """What one process of so many has to know of it."""
        del rank, size
        return self


@dataclass(frozen=True, kw_only=True)
class Begin:
    """All that a trainer is made of, beside its settings."""

    bodies: tuple[Body, ...]
    task_body: tuple[int, ...]
    bounds: NDArray[np.float32] | None
    tokenizer: Tokenizer
    state: TrainerState

    @classmethod
    def like(cls, trainer: AlignTrainer) -> Self:
        """To become what a trainer is now."""
        return cls(
            bodies=trainer.model.bodies,
            task_body=trainer.task_body,
            bounds=trainer.bounds,
            tokenizer=trainer.model.tokenizer,
            state=trainer.state(),
        )

    def trainer(self, config: TrainerConfig, crew: Crew) -> AlignTrainer:
        """The trainer of another process of the crew."""
        made = AlignTrainer(
            config,
            corpus=self.tokenizer,
            bodies=self.bodies,
            task_body=self.task_body,
            seed=0,  # all randomness comes with the state
            bounds=self.bounds,
            crew=crew,
        )
        made.load_state(self.state)
        return made


@dataclass(frozen=True, kw_only=True)
class Update(Order):
    """Learn from a batch, see `AlignTrainer.step`."""

    fraction: float
    steps: StepTriples
    step_texts: Sequence[Sequence[str]]
    segments: SegmentTriples | None
    segment_texts: Sequence[str]
    rehearsal: StepTriples | None
    rehearsal_texts: Sequence[Sequence[str]]
    strips: StripTriples | None = None

    def done_by(self, trainer: AlignTrainer) -> LossReport:
        """Make the update."""
        trainer.set_progress(self.fraction)
        return trainer.step(
            self.steps,
            self.step_texts,
            self.segments,
            self.segment_texts,
            self.rehearsal,
            self.rehearsal_texts,
            self.strips,
        )

    def part(self, rank: int, size: int) -> Self:
        """The same, with the pictures of one process's own rows: they weigh most."""
        steps, segments, rehearsal = self.steps, self.segments, self.rehearsal
        if segments is not None:
            mine = rows_of(rank, size, len(segments.clip))
            segments = replace(segments, clip=segments.clip[mine])
        if rehearsal is not None:  # for the decoder alone, which sees no picture
            rehearsal = replace(rehearsal, image=rehearsal.image[:0])
        return replace(
            self,
            steps=replace(steps, image=steps.image[rows_of(rank, size, len(steps.image))]),
            segments=segments,
            rehearsal=rehearsal,
        )


@dataclass(frozen=True, kw_only=True)
class Measured(Order):
    """Take note of what retrieval measured, see `AlignTrainer.measured`."""

    vl: Recall
    la: Recall

    def done_by(self, trainer: AlignTrainer) -> None:
        """Tell the curriculum."""
        trainer.measured(vl=self.vl, la=self.la)


@dataclass(frozen=True, kw_only=True)
class Copy(Order):
    """Give a copy of the trainer's state, which is all that the next update depends on."""

    def done_by(self, trainer: AlignTrainer) -> TrainerState:
        """The copy; what is no part of it is dropped in every process."""
        return trainer.state()
