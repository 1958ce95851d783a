"""Given: the rows that a run begins with, held in memory or left on disk."""

from abc import ABC, abstractmethod
from typing import Literal, TypeAlias

from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.loop.aligning.remarks import few_meanings, memory_remarks
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot.contents import Contents
from vla_sim.triples.stored_rows import StoredRows

DataMemory: TypeAlias = Literal["auto", "ring", "disk"]


def on_disk(chosen: DataMemory, held: Contents, config: MemoryConfig) -> bool:
    """Whether a dataset's rows stay on disk: as chosen, or because they would not all have room."""
    if chosen != "auto":
        return chosen == "disk"
    n_steps, n_segments = sum(held.frames.values()), sum(held.successes.values())
    return n_steps > config.n_steps or n_segments > config.n_segments


class Given(ABC):
    """What there is to learn from before the learner has acted."""

    @property
    @abstractmethod
    def first_steps(self) -> Rows:
        """Rows of StepTriples from which the scales of bodies are read."""

    @abstractmethod
    def into(self, learner: Learner, table: TaskTable) -> list[str]:
        """Let a learner have it; returns what is to be known of it, a line each."""


class GivenRows(Given):
    """Rows in memory: simulators have just made them, or a dataset has few."""

    def __init__(self, steps: Rows, segments: Rows | None, strips: Rows | None = None) -> None:
        self.steps, self.segments, self.strips = steps, segments, strips

    @property
    def first_steps(self) -> Rows:
        """See `Given`."""
        return self.steps

    def into(self, learner: Learner, table: TaskTable) -> list[str]:
        """See `Given`."""
        learner.remember(self.steps, self.segments, self.strips)
        return memory_remarks(learner.memory, self.steps, self.segments, table)


class GivenFiles(Given):
    """Rows of a dataset that stay on disk, all of them."""

    def __init__(self, steps: StoredRows, segments: StoredRows, *, n_scaled_by: int) -> None:
        """Rows on disk.

        Args:
            steps: Step triples.
            segments: Segment triples.
            n_scaled_by: Most rows that scales are read from, an even share of each task.
        """
        self.steps, self.segments, self.n_scaled_by = steps, segments, n_scaled_by

    @property
    def first_steps(self) -> Rows:
        """See `Given`; pictures are left out."""
        return self.steps.thinned(self.n_scaled_by, without=("image",))

    def into(self, learner: Learner, table: TaskTable) -> list[str]:
        """See `Given`."""
        learner.memory.draw_from(self.steps, self.segments)
        size_gb = (self.steps.n_bytes + self.segments.n_bytes) / 1e9
        said = (
            f"all {len(self.steps):,} step triples and {len(self.segments):,} segments are drawn "
            f"from disk ({size_gb:.1f} GB in memory, which has room for "
            f"{learner.memory.config.n_steps:,} and {learner.memory.config.n_segments:,})"
        )
        return [line for line in (said, few_meanings(learner.memory)) if line]
