"""Reader: a dataset as the rows that training takes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vla_sim.envs.language.codes import encode
from vla_sim.errors import DamagedFile, UnknownName
from vla_sim.records.instruction import Meaning
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, N_GOALS, N_PROPRIO, THING, Rows
from vla_sim.triples.lerobot.columns import to_numpy
from vla_sim.triples.lerobot.episode_rows import as_int
from vla_sim.triples.lerobot.features import MEANING_SEPARATOR, features
from vla_sim.triples.lerobot.folder import LeRobotFolder
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.picture_cache import decoded
from vla_sim.triples.lerobot.schema import ACTION_KEY, STATE_KEY
from vla_sim.triples.segment import cut
from vla_sim.triples.spec import segment_spec


def read_steps(root: Path, tasks: Sequence[str], *, cache: Path | None = None) -> Rows:
    """All frames of a dataset as `StepTriples` rows.

    Args:
        root: The dataset.
        tasks: Task ids; the column "task" counts by them.
        cache: Folder for the decoded pictures; None for the one that the environment variable
            VLA_SIM_PICTURE_CACHE names, or else one inside the dataset.

    Returns:
        The rows; "image" is a read-only memory map, everything else is in memory.

    Raises:
        RunFolderError: If the folder is no finished dataset of ours, or the cache is unwritable.
        DamagedFile: If a file is missing or does not hold what it should.
        UnknownName: If the dataset has a task or a meaning that is not among ours.
    """
    dataset = LeRobotFolder.open(root)
    config = dataset.config
    names = [
        STATE_KEY,
        "label.weight",
        "label.chunk",
        "label.goal_point",
        "label.has_point",
        "label.held",
        "label.cell",
        "label.cell_visible",
        "label.hazard",
        "label.on_policy",
    ]
    columns = _columns(dataset, names)
    n = dataset.n_frames
    proprio = np.zeros((n, N_PROPRIO), np.float32)
    proprio[:, : config.n_state] = columns[STATE_KEY]
    chunk = np.zeros((n, N_GOALS, CHUNK_SIZE, N_ACT), np.float32)
    chunk[..., : config.n_action] = columns["label.chunk"]
    lengths = [as_int(row, "length") for row in dataset.episodes]
    return {
        "image": _pictures(dataset, cache),
        "proprio": proprio,
        "task": np.repeat(_task_indices(dataset, tasks), lengths),
        "meaning": _meanings(dataset),
        "weight": columns["label.weight"],
        "chunk": chunk,
        "goal_point": columns["label.goal_point"],
        "has_point": columns["label.has_point"],
        "held": columns["label.held"],
        "cell": columns["label.cell"],
        "cell_visible": columns["label.cell_visible"],
        "hazard": columns["label.hazard"].astype(np.uint8).reshape(n, GRID, GRID),
        "on_policy": columns["label.on_policy"],
    }


def read_segments(root: Path, tasks: Sequence[str], *, cache: Path | None = None) -> Rows:
    """The successful episodes of a dataset as `SegmentTriples` rows.

    A dataset holds the pictures before each step and none after the last: where the episode ends
    with its first success, the clip ends one step before the outcome.

    Args:
        root: The dataset.
        tasks: Task ids; the column "task" counts by them.
        cache: As in `read_steps`.

    Raises:
        RunFolderError: As in `read_steps`.
        DamagedFile: As in `read_steps`.
        UnknownName: As in `read_steps`.
    """
    dataset = LeRobotFolder.open(root)
    config = dataset.config
    names = [STATE_KEY, ACTION_KEY, "next.success", "label.cell", "label.cell_visible"]
    columns = _columns(dataset, names)
    pictures = _pictures(dataset, cache)
    task_indices = _task_indices(dataset, tasks)
    cuts = []
    for row, task in zip(dataset.episodes, task_indices.tolist(), strict=True):
        if not row["success"]:
            continue
        span = slice(as_int(row, "dataset_from_index"), as_int(row, "dataset_to_index"))
        goal = as_int(row, "goal")
        cuts.append(
            cut(
                images=pictures[span],
                actions=columns[ACTION_KEY][span],
                proprio=columns[STATE_KEY][span],
                success=columns["next.success"][span],
                control_dt_s=1.0 / config.fps,
                task=task,
                meaning=_meaning_code(str(row["meaning"])),
                cell=columns["label.cell"][span, goal, THING],
                cell_visible=columns["label.cell_visible"][span, goal, THING],
                seed=as_int(row, "seed"),
            )
        )
    spec = segment_spec(config.image_height, config.image_width)
    nothing = {name: np.empty((0, *c.shape), np.dtype(c.dtype)) for name, c in spec.items()}
    return {
        name: np.concatenate([empty, *(vars(c)[name] for c in cuts)])
        for name, empty in nothing.items()
    }


def _tables(dataset: LeRobotFolder, names: list[str]) -> Iterator[tuple[Path, pa.Table]]:
    """The data files' rows that count, some of the columns."""
    for path, n_rows in dataset.files():
        table = read_table(path, names).slice(0, n_rows)
        if table.num_rows != n_rows:
            raise DamagedFile(
                f"{path} has {table.num_rows} rows; {dataset.root}/meta says {n_rows}"
            )
        yield path, table


def _columns(dataset: LeRobotFolder, names: list[str]) -> dict[str, NDArray[Any]]:
    """Columns over all data files, each in the shape that info.json promises."""
    described = features(dataset.config)
    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in names}
    for path, table in _tables(dataset, names):
        for name in names:
            feature = described[name]
            try:
                array = to_numpy(table.column(name), feature.row_shape, feature.dtype)
            except (ValueError, TypeError, pa.ArrowException) as error:
                raise DamagedFile(f"{path}: the column {name!r} is damaged: {error}") from None
            parts[name].append(array)
    nothing = {name: described[name] for name in names}
    return {
        name: np.concatenate([np.empty((0, *f.row_shape), f.dtype), *parts[name]])
        for name, f in nothing.items()
    }


def _meanings(dataset: LeRobotFolder) -> NDArray[np.int64]:
    """The goals' meanings, int64 (n, N_GOALS): few distinct texts, so each is read once."""
    parts = [np.empty((0, N_GOALS), np.int64)]
    for path, table in _tables(dataset, ["label.meanings"]):
        encoded = table.column("label.meanings").combine_chunks().dictionary_encode()
        rows = [
            [_meaning_code(key) for key in text.split(MEANING_SEPARATOR)]
            for text in encoded.dictionary.to_pylist()
        ]
        if encoded.null_count or any(len(row) != N_GOALS for row in rows):
            raise DamagedFile(f"{path}: 'label.meanings' does not hold {N_GOALS} meanings a row")
        parts.append(np.array(rows, np.int64)[encoded.indices.to_numpy()])
    return np.concatenate(parts)


def _meaning_code(key: str) -> int:
    return encode(Meaning.from_key(key))


def _task_indices(dataset: LeRobotFolder, tasks: Sequence[str]) -> NDArray[np.int64]:
    """The index of each episode's task."""
    index = {task_id: i for i, task_id in enumerate(tasks)}
    for row in dataset.episodes:
        if row["task_id"] not in index:
            raise UnknownName("task", str(row["task_id"]), tasks)
    return np.array([index[str(row["task_id"])] for row in dataset.episodes], np.int64)


def _pictures(dataset: LeRobotFolder, cache: Path | None) -> NDArray[np.uint8]:
    return decoded(dataset.root, dataset.files(), dataset.config.image_shape, cache)
