"""What the trainer draws its batches from: triples of steps and segments, bounded, balanced."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.batch import labelled
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.wording import PhraseBank, draw_texts
from vla_sim.ranges import above, whole, within
from vla_sim.records.triple import Rows
from vla_sim.triples.buffer import TripleBuffer, TripleBufferConfig
from vla_sim.triples.spec import segment_spec, step_spec, strip_spec
from vla_sim.triples.stored_memory import StoredMemory
from vla_sim.triples.stored_rows import StoredRows

_ACTIONS = {
    "chunk": ("proprio", "goal_point"),
    "knots": ("start", "seed", "meaning"),
    "action": ("task", "seed"),
}
"""{the column of actions: the columns by whose content a row's lot is drawn}."""
TASK_FLOOR = 0.3
"""Weight that a task keeps when it never fails, so that it is not forgotten."""


@dataclass(frozen=True, kw_only=True)
class MemoryConfig:
    """Settings of Memory."""

    n_steps: int = 32_000
    """Step triples kept: the oldest, of a younger learner, go first. Of a dataset with more, every
    task and episode keeps its part."""
    n_segments: int = 3_000
    """Segment triples kept, likewise."""
    batch_steps: int = 32
    """Pictures per update; each meets every goal of its scene."""
    batch_rehearsal: int = 64
    """Moments per update for the decoder alone; 0 for none."""
    n_rehearsal: int = 0
    """Moments kept for it, without their pictures, which are nine tenths of a triple; 0 to rehearse
    the step triples. Of a dataset on disk all are drawn from anyway."""
    batch_segments: int = 96
    """Segments per update that learns from them; fewer where there are few meanings."""
    label_share: float = 1.0
    """Share of the rows whose actions are learnt from: what of the others is left are pictures with
    words, and where in them the meant thing is; of strips nothing. Which rows these are follows
    from their content."""
    max_duplicates: int = 2
    """Segments of one meaning in a batch: more would be no negatives of each other."""
    n_strips: int = 128
    """Strips kept, where a run learns from them: at 64 px one of 48 steps takes 0.6 MB."""
    batch_strips: int = 10
    """Strips per update that learns from them; a fifth of them is only measured on."""

    def __post_init__(self) -> None:
        whole(1, n_steps=self.n_steps, n_segments=self.n_segments)
        whole(1, batch_steps=self.batch_steps, max_duplicates=self.max_duplicates)
        whole(2, batch_segments=self.batch_segments)
        whole(0, batch_rehearsal=self.batch_rehearsal, n_rehearsal=self.n_rehearsal)
        if self.n_rehearsal and not self.batch_rehearsal:
            raise BadConfig(
                f"n_rehearsal is {self.n_rehearsal} and batch_rehearsal is 0: moments would be "
                "kept that nobody draws; give batch_rehearsal a number, or set both to 0"
            )
        whole(2, batch_strips=self.batch_strips)
        whole(self.batch_strips, n_strips=self.n_strips)
        above(0, label_share=self.label_share)
        within(0, 1, label_share=self.label_share)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One update's worth: rows and the words they were given."""

    steps: Rows
    step_texts: list[str]
    segments: Rows | None
    segment_texts: list[str]
    strips: Rows | None = None


class Memory:
    """Step and segment triples, in rings or on disk, strips, and the generator that draws."""

    def __init__(
        self,
        config: MemoryConfig,
        *,
        image_size: int,
        seed: int,
        strip_steps: int = 0,
        n_sharing: int = 1,
    ) -> None:
        """An empty memory.

        Args:
            config: Settings.
            image_size: Side of the pictures [px].
            seed: Of the generator.
            strip_steps: Steps of its strips; 0 for a memory without any.
            n_sharing: How many share each batch evenly: its segments are a multiple of this.
        """
        self.config = config
        self.n_sharing = n_sharing
        self.rng = np.random.default_rng(seed)
        self.phrases = PhraseBank(seed)
        self.task_weights: dict[int, float] | None = None
        """{index of a measured task: weight}, see `attend_to`; None before the first evaluation."""
        self._of_steps = TripleBufferConfig(capacity=config.n_steps)
        self._of_segments = TripleBufferConfig(
            capacity=config.n_segments,
            within="meaning",
            max_duplicates=config.max_duplicates,
        )
        self.steps: TripleBuffer | StoredMemory = self._of_steps.build(
            step_spec(image_size, image_size)
        )
        self.segments: TripleBuffer | StoredMemory = self._of_segments.build(
            segment_spec(image_size, image_size)
        )
        self.rehearsal: TripleBuffer | None = None
        """Step triples without pictures; None where those with them are rehearsed."""
        if config.n_rehearsal:
            self.rehearsal = TripleBufferConfig(capacity=config.n_rehearsal).build(step_spec(0, 0))
        self.strips: TripleBuffer | None = None
        if strip_steps:
            self.strips = TripleBufferConfig(capacity=config.n_strips).build(
                strip_spec(image_size, image_size, strip_steps)
            )

    def draw_from(self, steps: StoredRows, segments: StoredRows) -> None:
        """From now on, draw from rows on disk, by the same law; what the rings hold is dropped."""
        self.steps = StoredMemory(self._of_steps, steps)
        self.segments = StoredMemory(self._of_segments, segments)
        self.rehearsal = None

    def add_steps(self, steps: Rows) -> None:
        """Take in step triples, and of more of them what the decoder alone is to be taught."""
        self.steps.add(steps)
        if self.rehearsal is not None:
            self.rehearsal.add({**steps, "image": steps["image"][:, :0, :0]})

    def add_strips(self, strips: Rows) -> None:
        """Take in strips, those whose actions may be learnt from: the others would say nothing."""
        assert self.strips is not None, "a memory without strips takes none in"
        known = labelled(np.asarray(self._known(strips)["action"], dtype=np.float32))
        if known.any():
            self.strips.add({name: values[known] for name, values in strips.items()})

    def attend_to(self, success: Mapping[int, float]) -> None:
        """Draw more of the tasks that fail: a task's weight is its failure rate and a floor.

        A task of which nothing was measured counts as the others do in the mean.
        """
        self.task_weights = {task: 1.0 - rate + TASK_FLOOR for task, rate in success.items()}

    @property
    def weights(self) -> dict[int, float] | None:
        """The weight of every task that there are step triples of; None for equal shares."""
        if not self.task_weights:
            return None
        usual = sum(self.task_weights.values()) / len(self.task_weights)
        return {task: self.task_weights.get(task, usual) for task in self.steps.held}

    @property
    def segments_per_batch(self) -> int:
        """Segments that a batch gets now: fewer than asked for where few meanings are there.

        None at all while every segment is of one meaning: there is nothing to tell it from.
        """
        most = min(self.config.batch_segments, self.segments.largest_batch)
        return int(most) // self.n_sharing * self.n_sharing if self.segments.n_groups > 1 else 0

    def draw(self, *, with_segments: bool, with_strips: bool = False) -> Batch:
        """A batch; segments come along if asked for, see `segments_per_batch`, and so do strips."""
        batch = self._draw(with_segments)
        if not with_strips or not self.strips:
            return batch
        return replace(batch, strips=self.strips.sample(self.config.batch_strips, self.rng))

    def _draw(self, with_segments: bool) -> Batch:
        steps = self._known(self.steps.sample(self.config.batch_steps, self.rng, self.weights))
        step_texts = draw_texts(np.asarray(steps["meaning"], dtype=np.int64), self.rng)
        n_segments = self.segments_per_batch if with_segments else 0
        if not n_segments:
            return Batch(steps=steps, step_texts=step_texts, segments=None, segment_texts=[])
        segments = self._known(self.segments.sample(n_segments, self.rng))
        segment_texts = draw_texts(np.asarray(segments["meaning"], dtype=np.int64), self.rng)
        return Batch(
            steps=steps, step_texts=step_texts, segments=segments, segment_texts=segment_texts
        )

    def draw_rehearsal(self) -> tuple[Rows, list[str]]:
        """Moments for the decoder alone, without pictures, with words from a small bank."""
        kept = self.steps if self.rehearsal is None else self.rehearsal
        drawn = kept.sample(self.config.batch_rehearsal, self.rng, self.weights, without=("image",))
        rows = self._known(drawn)
        return rows, self.phrases.draw(np.asarray(rows["meaning"], dtype=np.int64), self.rng)

    def _known(self, rows: Rows) -> Rows:
        return with_labels(rows, self.config.label_share)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All of it, for an exact resume (the generator goes elsewhere: it is no array)."""
        return {
            f"{name}/{column}": values
            for name, part in self._parts().items()
            for column, values in part.state().items()
        }

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Become the memory that gave `state`."""
        for name, part in self._parts().items():
            mine = f"{name}/"
            part.load_state(
                {k.removeprefix(mine): v for k, v in state.items() if k.startswith(mine)}
            )

    def _parts(self) -> dict[str, TripleBuffer | StoredMemory]:
        """All that is remembered, by the name that it is kept under."""
        parts = {"steps": self.steps, "segments": self.segments}
        more = {"rehearsal": self.rehearsal, "strips": self.strips}
        return {**parts, **{name: part for name, part in more.items() if part is not None}}


def with_labels(rows: Rows, share: float) -> Rows:
    """The rows with the actions of all but a share of them forgotten, always of the same ones.

    Args:
        rows: Of triples of steps, segments or strips.
        share: From 0 to 1.
    """
    if share == 1.0:
        return rows
    column = next(name for name in _ACTIONS if name in rows)
    marks = [np.ascontiguousarray(rows[name]) for name in _ACTIONS[column]]
    lot = [zlib.crc32(b"".join(m[k].tobytes() for m in marks)) for k in range(len(marks[0]))]
    actions = np.array(rows[column], dtype=np.float32)
    actions[np.array(lot, dtype=np.int64) >= share * 2**32] = np.nan
    return {**rows, column: actions}
