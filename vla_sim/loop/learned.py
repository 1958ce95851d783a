"""The learned model as policies and measurements need it: a checkpoint behind arrays."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.align.inference import Decision, ModelPolicyCore
from vla_sim.align.model import PAIRS, AlignModel
from vla_sim.align.proposing import propose
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.model_bodies import body_of_task
from vla_sim.records.proposals import Proposals
from vla_sim.records.triple import Rows

Floats = NDArray[np.float32]


class LearnedModel:
    """An aligned model: acts (`ChunkModel`) and embeds (`Embedder`)."""

    def __init__(self, model: AlignModel, *, table: TaskTable, task_body: Sequence[int]) -> None:
        """Wrap a model.

        Args:
            model: The model.
            table: The tasks that it counts by.
            task_body: The body of each of them.
        """
        self.core = ModelPolicyCore(model)
        self.table = table
        self.task_body = tuple(task_body)

    @classmethod
    def load(cls, folder: Path) -> "LearnedModel":
        """The model of a checkpoint.

        Raises:
            DamagedFile: If it is missing, damaged or foreign.
        """
        torch.set_num_threads(1)
        checkpoint = load_checkpoint(folder)
        return cls(
            checkpoint.model,
            table=TaskTable(own=checkpoint.own_tasks),
            task_body=checkpoint.task_body,
        )

    @property
    def image_px(self) -> int:
        """Height and width of the pictures that it was trained on [px]; 0 where it does not say."""
        return int(getattr(self.core.model.config.vision, "image_px", 0) or 0)

    @property
    def temperatures(self) -> dict[str, float]:
        """{contrastive pair: tau}."""
        thetas = self.core.model.log_inverse_temperature
        return {pair: math.exp(-float(theta.detach())) for pair, theta in thetas.items()}

    def body_of(self, task_id: str) -> int:
        """The index of the body that acts in a task, see `body_of_task`."""
        return body_of_task(task_id, self.table, self.task_body)

    def decide(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
    ) -> Decision:
        """Chunks with the attention and the goals behind them.

        Raises:
            UnknownName: If there is no such task.
            BadConfig: If the model does not know its robot and camera.
        """
        return self.core.decide(images, proprio, texts, self.body_of(task_id))

    def act(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
    ) -> Floats:
        """Only the chunks of `decide`."""
        return self.decide(task_id, images, proprio, texts).chunk

    def propose(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        wordings: Sequence[Sequence[str]],
        *,
        guidance: float = 1.0,
    ) -> Proposals:
        """Several chunks for each moment, see `ProposingModel`."""
        body = self.body_of(task_id)
        return propose(self.core, images, proprio, wordings, body, guidance=guidance)

    def embed_clips(self, rows: Rows) -> Floats:
        """z_V of segment triples, (N, d)."""
        return self.core.embed_clips(
            np.asarray(rows["clip"], dtype=np.uint8),
            np.asarray(rows["clip_time_s"], dtype=np.float32),
        )

    def likeness(
        self, clip: NDArray[np.uint8], clip_time_s: Floats, texts: Sequence[str]
    ) -> Floats:
        """Cosine of z_V of clips (m, N_CLIP, h, w, 3) and z_L of their sentences, (m,)."""
        vision, words = self.core.embed_clips(clip, clip_time_s), self.core.embed_texts(texts)
        near: Floats = np.einsum("me,me->m", vision, words)
        return near

    @property
    def inverse_temperature(self) -> dict[str, float]:
        """{pair: what its cosines are multiplied by}."""
        thetas = self.core.model.log_inverse_temperature
        return {pair: float(thetas[pair].detach().exp()) for pair in PAIRS}

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """z_L of sentences, (N, d)."""
        return self.core.embed_texts(texts)

    def embed_actions(self, rows: Rows, table: TaskTable) -> Floats:
        """z_A of segment triples whose tasks are counted by a table, (N, d)."""
        knots, duration, start = (
            np.asarray(rows[name], dtype=np.float32) for name in ("knots", "duration_s", "start")
        )
        tasks, of_row = np.unique(rows["task"], return_inverse=True)
        body = np.array([self.body_of(table.ids[task]) for task in tasks.tolist()])[of_row]
        return self.core.embed_actions(knots, duration, start, body)
