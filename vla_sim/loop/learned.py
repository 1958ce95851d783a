"""The learned model as policies and measurements need it: a checkpoint behind arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.align.inference import Decision, ModelPolicyCore
from vla_sim.align.model import AlignModel
from vla_sim.align.proposing import propose
from vla_sim.envs.tasks import TASK_IDS, make_task
from vla_sim.errors import UnknownName
from vla_sim.records.camera import CameraSpec
from vla_sim.records.proposals import Proposals
from vla_sim.records.triple import Rows

Floats = NDArray[np.float32]


def _body_key(task_id: str) -> tuple[str, CameraSpec]:
    task = make_task(task_id)
    return task.robot.embodiment.name, task.camera


_KEYS = tuple(_body_key(task_id) for task_id in TASK_IDS)
BODIES = tuple(dict.fromkeys(_KEYS))
"""Robot and camera. Tasks of one body share scales: a car's position means another thing on a road,
where the camera drives along, than in an arena."""
TASK_BODY = tuple(BODIES.index(key) for key in _KEYS)
"""Index into BODIES of each task, in the order of TASK_IDS."""


class LearnedModel:
    """An aligned model: acts (`ChunkModel`) and embeds (`Embedder`)."""

    def __init__(self, model: AlignModel, task_body: Sequence[int] = TASK_BODY) -> None:
        self.core = ModelPolicyCore(model)
        self.task_body = np.array(task_body, dtype=np.int64)

    @classmethod
    def load(cls, folder: Path) -> "LearnedModel":
        """The model of a checkpoint.

        Raises:
            DamagedFile: If it is missing, damaged or foreign.
        """
        torch.set_num_threads(1)
        checkpoint = load_checkpoint(folder)
        return cls(checkpoint.model, checkpoint.task_body)

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
        """
        return self.core.decide(images, proprio, texts, self.body_of(task_id))

    def body_of(self, task_id: str) -> int:
        """Index of the body that a task is for.

        Raises:
            UnknownName: If there is no such task.
        """
        if task_id not in TASK_IDS:
            raise UnknownName("task", task_id, TASK_IDS)
        return int(self.task_body[TASK_IDS.index(task_id)])

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
        noise: Floats | None = None,
        guidance: float = 1.0,
    ) -> Proposals:
        """Several chunks for each moment, see `ProposingModel`."""
        body = self.body_of(task_id)
        return propose(self.core, images, proprio, wordings, body, noise=noise, guidance=guidance)

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

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """z_L of sentences, (N, d)."""
        return self.core.embed_texts(texts)

    def embed_actions(self, rows: Rows) -> Floats:
        """z_A of segment triples, (N, d)."""
        knots, duration, start = (
            np.asarray(rows[name], dtype=np.float32) for name in ("knots", "duration_s", "start")
        )
        body = self.task_body[np.asarray(rows["task"], dtype=np.int64)]
        return self.core.embed_actions(knots, duration, start, body)
