"""The retrieval policy's model: no decoder, the chunks that a run remembers.

A run keeps the triples that it learnt from beside its newest state, to go on from there. Their
chunks are the index: nothing is written a second time, and each model embeds them for itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from vla_sim.align.chunk_index import ChunkIndex
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.loop.aligning.align_run import VERB, AlignRun
from vla_sim.loop.aligning.kept_memory import place_of
from vla_sim.loop.aligning.memory import with_labels
from vla_sim.loop.aligning.resuming import LATEST
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.resumption import begun_with
from vla_sim.records.triple import Rows

COLUMNS = ("chunk", "proprio", "task", "weight", "goal_point")
MOST_ROWS = 32_768
"""Chunks of a body that are kept, evenly over what there is: to search more takes longer."""


def check_index(run: Path) -> None:
    """Let pass a run that keeps chunks; only the head of its file is read.

    Raises:
        BadConfig: If it keeps none, or left those of its dataset where they lie.
        DamagedFile: If the file is damaged.
    """
    path, column = memory_of(run), f"steps/rows/{COLUMNS[0]}"
    try:
        with safe_open(path, framework="numpy") as held:
            if column not in set(held.keys()):
                raise BadConfig(
                    f"{run} keeps no chunks to retrieve: it drew them from a dataset on disk; with "
                    "--data-memory ring a run keeps as many as have room"
                )
            n_rows = int(held.get_slice(column).get_shape()[0])
    except (OSError, SafetensorError) as error:
        raise DamagedFile(f"{path} cannot be read: {error}; train again") from error
    if n_rows == 0:
        raise BadConfig(f"{path} holds no rows: an index of nothing finds nothing; train longer")


def remembered(run: Path) -> Rows:
    """The columns of a run's step triples that an index is made of, as far as it was told labels.

    Raises:
        BadConfig: If the run keeps none.
        DamagedFile: If the file is damaged.
    """
    check_index(run)
    path = memory_of(run)
    share = begun_with(AlignRun, run, verb=VERB).learner.memory.label_share
    try:
        with safe_open(path, framework="numpy") as held:
            rows = {name: held.get_tensor(f"steps/rows/{name}") for name in COLUMNS}
            return with_labels(rows, share)
    except (OSError, SafetensorError) as error:
        raise DamagedFile(f"{path} cannot be read: {error}; train again") from error


def memory_of(run: Path) -> Path:
    """The file in which a run keeps its triples.

    Raises:
        BadConfig: If it keeps none.
    """
    path = place_of(run / LATEST)
    if not path.is_file():
        raise BadConfig(
            f"{run} keeps no chunks to retrieve: there is no {LATEST}/{path.name}; name the folder "
            "of an alignment run (`vla-sim align --out`), not of a checkpoint in it"
        )
    return path


class RetrievalModel:
    """A `ChunkModel` that answers with the chunks whose z_A lie nearest to a moment's z_S."""

    def __init__(self, model: LearnedModel, rows: Rows) -> None:
        """An index of some rows for a model.

        Args:
            model: Embeds the rows, and what is seen and said.
            rows: COLUMNS of step triples.

        Raises:
            BadConfig: If there is no row with a label.
        """
        self.model = model
        if not _labelled(rows).any():
            raise BadConfig("an index without rows finds nothing; give it labelled step triples")
        self._rows = rows
        self._indices: dict[int, ChunkIndex] = {}

    @classmethod
    def of(cls, model: LearnedModel, run: Path) -> Self:
        """The index of what a run remembers.

        Raises:
            BadConfig: If it keeps nothing.
            DamagedFile: If the file is damaged.
        """
        return cls(model, remembered(run))

    def act(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
    ) -> NDArray[np.float32]:
        """Chunks of the index, see `ChunkModel`.

        Raises:
            BadConfig: If the index has no chunk of the task's robot.
        """
        index = self._index(task_id)
        found = self.model.propose(task_id, images, proprio, [[text] for text in texts])
        return index.nearest(self.model.core, found.state[:, 0])

    def _index(self, task_id: str) -> ChunkIndex:
        """The index of a task's body, made when it is first asked for."""
        body = self.model.body_of(task_id)
        if body not in self._indices:
            of_body = (
                np.take(self.model.task_body, np.asarray(self._rows["task"], np.int64)) == body
            )
            row, goal = np.nonzero(_labelled(self._rows) & of_body[:, None])
            if not len(row):
                raise BadConfig(
                    f"the index has no chunk of the robot of {task_id}; name a task that the run"
                    " learnt"
                )
            kept = np.unique(np.linspace(0, len(row) - 1, MOST_ROWS).round().astype(np.int64))
            chunk = np.asarray(self._rows["chunk"], dtype=np.float32)[row[kept], goal[kept]]
            self._indices[body] = ChunkIndex.of(self.model.core, chunk, body)
        return self._indices[body]


def _labelled(rows: Rows) -> NDArray[np.bool_]:
    """Which goals of which rows have a chunk, bool (N, N_GOALS)."""
    chunk = np.asarray(rows["chunk"], dtype=np.float32)
    weight = np.asarray(rows["weight"], dtype=np.float32)
    labelled: NDArray[np.bool_] = (weight > 0) & np.isfinite(chunk[:, :, 0, 0])
    return labelled
