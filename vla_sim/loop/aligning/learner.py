"""The learner: trainer, memory and their checkpoints as one thing that can stop and go on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vla_sim.align.body import Body
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.objective import LossReport
from vla_sim.align.supervision.sources import Sources
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.align.trainer_state import TrainerState
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.loop.aligning import kept_memory
from vla_sim.loop.aligning.crewing import Lead
from vla_sim.loop.aligning.drawn import Drawn
from vla_sim.loop.aligning.memory import Memory, MemoryConfig
from vla_sim.loop.aligning.monitor import OnUpdate
from vla_sim.loop.aligning.orders import Copy, Measured, Update
from vla_sim.loop.aligning.reach_labels import ReachLabels
from vla_sim.loop.aligning.wording import PhraseBank, draw_texts, words_for
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.model_bodies import bodies_of, bounds_of_tasks
from vla_sim.physics.camera import rays
from vla_sim.records.camera import CameraSpec
from vla_sim.records.reports import Recall
from vla_sim.records.triple import GRID, N_GOALS, Rows, SegmentTriples, StepTriples, StripTriples


@dataclass(frozen=True, kw_only=True)
class LearnerConfig:
    """Settings of Learner."""

    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)

    @property
    def strip_steps(self) -> int:
        """Steps of the strips that are learnt from; 0 for none."""
        return self.trainer.supervision.coherency.steps_wanted


def fit_bodies(steps: Rows, table: TaskTable) -> list[Body]:
    """Scales of each body of a table's tasks, read off the first rows.

    A body whose tasks are not among the rows gets the scales of all rows: it is never asked.
    """
    bodies = bodies_of(table)
    body = np.array(bodies.task_body)[np.asarray(steps["task"], dtype=np.int64)]
    goals = np.asarray(steps["goal_point"], dtype=np.float64)
    has_point = np.asarray(steps["has_point"], dtype=np.bool_)
    proprio = np.asarray(steps["proprio"], dtype=np.float64)
    fitted = []
    for index in range(len(bodies.keys)):
        task_id = table.ids[bodies.task_body.index(index)]
        mine = body == index
        if not mine.any():
            mine = np.ones(len(body), dtype=bool)
        task = make_task(task_id)
        embodiment = task.robot.embodiment
        fitted.append(
            Body.fit(
                embodiment, proprio[mine], goals[mine][has_point[mine]], ground_of(task.camera)
            )
        )
    return fitted


def ground_of(camera: CameraSpec) -> tuple[tuple[float, float], ...]:
    """Where the camera's cells meet the ground, relative to what it follows [m]."""
    direction = rays(camera, GRID, GRID).reshape(-1, 3)
    down = np.minimum(direction[:, 2], -1e-3)  # what looks at the sky meets the ground far away
    ways = camera.position[2] / -down
    points = np.array(camera.position[:2]) + direction[:, :2] * ways[:, None]
    return tuple((float(x), float(y)) for x, y in points)


def by_row(texts: list[str]) -> list[list[str]]:
    """Sentences in the order of (row, goal), as one list a row."""
    return [texts[first : first + N_GOALS] for first in range(0, len(texts), N_GOALS)]


class Learner:
    """Learns from what it is given to remember."""

    def __init__(
        self,
        config: LearnerConfig,
        *,
        image_size: int,
        seed: int,
        first_steps: Rows,
        table: TaskTable | None = None,
        crew: Crew = ALONE,
        vocabulary: Tokenizer | None = None,
    ) -> None:
        """A learner that has not begun.

        Args:
            config: Settings.
            image_size: Side of the pictures [px].
            seed: Of weights and batches.
            first_steps: Rows of StepTriples, from which the scales of bodies are read, and what is
                talked of.
            table: The tasks that all rows count by; None for those of the package.
            crew: The processes that learn together; this is the first of them.
            vocabulary: Of a learner that is to be gone on with; None for that of `first_steps`.
        """
        self.config = config
        self.table = table or TaskTable()
        self._task_body = bodies_of(self.table).task_body
        self.memory = Memory(
            config.memory,
            image_size=image_size,
            seed=seed,
            strip_steps=config.strip_steps,
            n_sharing=crew.size,
        )
        self.trainer = AlignTrainer(
            config.trainer,
            corpus=vocabulary or words_for(np.asarray(first_steps["meaning"], dtype=np.int64)),
            bodies=fit_bodies(first_steps, self.table),
            task_body=self._task_body,
            seed=seed,
            bounds=bounds_of_tasks(self.table),
            sources=Sources(reword=draw_texts, reach=ReachLabels(self.table)),
            crew=crew,
        )
        self.lead = Lead(crew, self.trainer)
        self.drawn: Drawn | None = None
        """What the newest update learnt from."""

    @property
    def model(self) -> LearnedModel:
        """The present model."""
        return LearnedModel(self.trainer.model, table=self.table, task_body=self._task_body)

    @property
    def weights(self) -> dict[str, float]:
        """{term: its weight} of all that is to teach; a fusion's own terms where a moment does."""
        config = self.config.trainer
        weights = {**vars(config.weights), **config.own_losses, **config.supervision.weights}
        if config.weights.contrast_step:
            weights |= self.trainer.model.fusion.weights
        return weights

    def remember(self, steps: Rows, segments: Rows | None, strips: Rows | None = None) -> None:
        """Take in triples."""
        self.memory.add_steps(steps)
        if segments is not None:
            self.memory.segments.add(segments)
        if strips is not None and self.memory.strips is not None:
            self.memory.add_strips(strips)

    def learn(
        self, n_updates: int, *, spent: int, budget: int, on_update: OnUpdate | None = None
    ) -> list[LossReport]:
        """Some updates, each on a fresh batch.

        Args:
            n_updates: How many.
            spent: Updates that were made before.
            budget: Updates of the whole run; rates and stages follow from the share that is spent.
            on_update: Called after each.

        Raises:
            LossNotFinite: If a loss is no number; `drawn` is the batch that gave it.
        """
        losses = []
        for done in range(spent, spent + n_updates):
            self.trainer.set_progress(done / budget)
            losses.append(self._update())
            if on_update is not None:
                on_update(done + 1, losses[-1])
        return losses

    def _update(self) -> LossReport:
        batch = self.memory.draw(
            with_segments=self.trainer.wants_segments, with_strips=self.trainer.wants_strips
        )
        self.drawn = Drawn(batch=batch)
        steps = StepTriples(**batch.steps)  # type: ignore[arg-type]
        segments = (
            None if batch.segments is None else SegmentTriples(**batch.segments)  # type: ignore[arg-type]
        )
        rehearsal: StepTriples | None = None
        rehearsal_texts: list[str] = []
        if self.config.memory.batch_rehearsal:
            rows, rehearsal_texts = self.memory.draw_rehearsal()
            self.drawn = Drawn(batch=batch, rehearsal=rows, rehearsal_texts=rehearsal_texts)
            rehearsal = StepTriples(**rows)  # type: ignore[arg-type]
        strips = None if batch.strips is None else StripTriples(**batch.strips)  # type: ignore[arg-type]
        losses = self.lead.order(
            Update(
                fraction=self.trainer.fraction,
                steps=steps,
                step_texts=by_row(batch.step_texts),
                segments=segments,
                segment_texts=batch.segment_texts,
                rehearsal=rehearsal,
                rehearsal_texts=by_row(rehearsal_texts),
                strips=strips,
            )
        )
        assert isinstance(losses, LossReport)
        return losses

    def measured(self, *, vl: Recall, la: Recall) -> None:
        """Tell the curriculum what retrieval measured (R@10)."""
        self.lead.order(Measured(vl=vl, la=la))

    def save_model(self, folder: Path) -> Path:
        """The model alone: what policies and benchmarks need."""
        return save_checkpoint(
            folder, self.trainer.model, task_body=self._task_body, own_tasks=self.table.own
        )

    def save(self, folder: Path, notes: dict[str, Any]) -> None:
        """Everything that the next update depends on, in place of what was saved before."""
        state = self.lead.order(Copy())
        assert isinstance(state, TrainerState)
        memory = kept_memory.write(folder, self.memory.state())
        save_checkpoint(
            folder / kept_memory.TRAINER,
            self.trainer.model,
            task_body=self._task_body,
            own_tasks=self.table.own,
            trainer=state,
            notes={
                "rng": self.memory.rng.bit_generator.state,
                "phrases": self.memory.phrases.seed,
                "task_weights": self.memory.task_weights,
                kept_memory.NOTE: memory,
                **notes,
            },
        )
        kept_memory.sweep(folder)

    def load(self, folder: Path) -> dict[str, Any]:
        """Go on where `save` left off; the next losses are the same.

        Returns:
            The notes that were saved.

        Raises:
            DamagedFile: If a part is missing or damaged.
            BadConfig: If it was begun with other robots or other tasks of the user's own.
        """
        saved = load_checkpoint(folder / kept_memory.TRAINER)
        if saved.trainer is None:
            raise DamagedFile(f"{folder} holds a model but no state of training to resume")
        self.memory.load_state(kept_memory.read(folder))
        if saved.own_tasks != self.table.own:
            raise BadConfig(
                f"the run to resume counts tasks of your own as {_listed(saved.own_tasks)}, not "
                f"{_listed(self.table.own)}"
            )
        if saved.model.bodies != self.trainer.model.bodies:
            raise BadConfig("the run to resume was begun with other robots")
        self.trainer.load_state(saved.trainer)
        notes = dict(saved.notes)
        notes.pop(kept_memory.NOTE, None)
        self.memory.rng.bit_generator.state = notes.pop("rng")
        self.memory.phrases = PhraseBank(int(notes.pop("phrases")))
        weights = notes.pop("task_weights")
        self.memory.task_weights = weights and {int(k): float(v) for k, v in weights.items()}
        return notes


def _listed(task_ids: Sequence[str]) -> str:
    return ", ".join(task_ids) or "none"
