"""A run folder as `align` leaves it, of a model that learnt nothing: made in an instant."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from vla_sim.align.checkpoint import save_checkpoint
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.model import ModelConfig
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.kept_memory import MEMORY
from vla_sim.loop.aligning.learner import fit_bodies
from vla_sim.loop.aligning.resuming import LATEST
from vla_sim.loop.model_bodies import bodies_of
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.settings import to_json
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_GOALS, N_PROPRIO, N_QUERIES
from vla_sim.triples.spec import step_spec

PX = 16


def untrained_run(path: Path, *, seed: int = 11, config: ModelConfig | None = None) -> Path:
    """The folder, with a checkpoint and a few remembered chunks.

    The model is tiny, for pictures of PX pixels, where no other is asked for.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(0)
    n = 8 * len(TASK_IDS)
    rows = {k: np.zeros((n, *c.shape), np.dtype(c.dtype)) for k, c in step_spec(PX, PX).items()}
    rows["task"] = np.repeat(np.arange(len(TASK_IDS)), 8)
    rows["proprio"] = rng.normal(size=(n, N_PROPRIO)).astype(np.float32)
    rows["goal_point"] = rng.normal(size=(n, N_GOALS, N_QUERIES, 3)).astype(np.float32)
    rows["has_point"] = np.ones((n, N_GOALS, N_QUERIES), dtype=np.bool_)
    rows["chunk"] = rng.uniform(-1, 1, (n, N_GOALS, CHUNK_SIZE, N_ACT)).astype(np.float32)
    rows["weight"] = np.ones((n, N_GOALS), dtype=np.float32)
    vision = VisionConfig(image_px=PX, width=16, deep_width=16, n_deep=0, n_out=16)
    tiny = ModelConfig(vision=vision, text=BagTextConfig(), n_embed=16, hidden=32)
    config = config or tiny
    words = Tokenizer.from_corpus(["reach the red cube", "go to the blue ball"])
    model = config.build(fit_bodies(rows, TaskTable()), words)
    folder = RunFolder.create(path, to_json(AlignRun()), {}, verb="align")
    save_checkpoint(folder.path / "kept", model, task_body=bodies_of(TaskTable()).task_body)
    folder.write_json(BEST, {"checkpoint": "kept"})
    (folder.path / LATEST).mkdir()
    remember(folder.path, rows)
    return folder.path


def remember(run: Path, rows: dict[str, NDArray[np.generic]]) -> None:
    """Let a run folder hold step triples, as a learner leaves them."""
    save_file({f"steps/rows/{k}": v for k, v in rows.items()}, run / LATEST / MEMORY)
