"""Reader: a dataset as the rows that training takes."""

from collections.abc import Iterator, Mapping, Sequence
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
from vla_sim.triples.lerobot.episode_rows import EpisodeRow, as_int, file_of
from vla_sim.triples.lerobot.features import MEANING_SEPARATOR, features
from vla_sim.triples.lerobot.folder import LeRobotFolder
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.picture_cache import decoded
from vla_sim.triples.lerobot.schema import ACTION_KEY, STATE_KEY
from vla_sim.triples.segment import cut_numbers
from vla_sim.triples.spec import Spec, segment_spec, step_spec

_OF_FRAMES = (
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
)
_OF_EPISODES = (STATE_KEY, ACTION_KEY, "next.success", "label.cell", "label.cell_visible")


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
    spec = step_spec(config.image_height, config.image_width)
    task = step_tasks(dataset, tasks)
    rows = _joined(frame_rows(dataset), spec, without=("image", "task"))
    return {"image": pictures(dataset, cache), "task": task, **rows}


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
    spec = segment_spec(config.image_height, config.image_width)
    task, seen = segment_tasks(dataset, tasks), pictures(dataset, cache)
    cuts = list(segment_rows(dataset))
    rows = _joined((row for _, row in cuts), spec, without=("clip", "task"))
    clips = [seen[frames][None] for frames, _ in cuts]
    nothing = np.empty((0, *spec["clip"].shape), np.uint8)
    return {"clip": np.concatenate([nothing, *clips]), "task": task, **rows}


def frame_rows(dataset: LeRobotFolder) -> Iterator[Rows]:
    """The frames as `StepTriples` rows without pictures and tasks, a data file at a time.

    Raises:
        DamagedFile: If a file is missing or does not hold what it should.
        UnknownName: If it has a meaning that is not among ours.
    """
    config = dataset.config
    for path, table in _tables(dataset, [*_OF_FRAMES, "label.meanings"]):
        columns, n = _columns(dataset, path, table, _OF_FRAMES), table.num_rows
        proprio = np.zeros((n, N_PROPRIO), np.float32)
        proprio[:, : config.n_state] = columns[STATE_KEY]
        chunk = np.zeros((n, N_GOALS, CHUNK_SIZE, N_ACT), np.float32)
        chunk[..., : config.n_action] = columns["label.chunk"]
        yield {
            "proprio": proprio,
            "meaning": _meanings(path, table),
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


def segment_rows(dataset: LeRobotFolder) -> Iterator[tuple[NDArray[np.int64], Rows]]:
    """The successful episodes as `SegmentTriples` rows without clips and tasks, one at a time.

    Yields:
        Which pictures of the dataset the clip shows, int64 (N_CLIP,), and the row.

    Raises:
        DamagedFile: As in `frame_rows`, or an episode is not where meta/ says.
        UnknownName: As in `frame_rows`.
    """
    inside: dict[int, list[EpisodeRow]] = {}
    for row in dataset.episodes:
        inside.setdefault(file_of(row), []).append(row)
    first = 0
    tables = _tables(dataset, list(_OF_EPISODES))
    for (path, table), file in zip(tables, sorted(inside), strict=True):
        columns = _columns(dataset, path, table, _OF_EPISODES)
        for row in inside[file]:
            start, end = as_int(row, "dataset_from_index"), as_int(row, "dataset_to_index")
            if not first <= start < end <= first + table.num_rows:
                raise DamagedFile(f"{path} does not hold episode {row['episode_index']}")
            if row["success"]:
                span = slice(start - first, end - first)
                frames, numbers = _cut(dataset, row, {n: v[span] for n, v in columns.items()})
                yield start + frames, numbers
        first += table.num_rows


def _cut(
    dataset: LeRobotFolder, row: EpisodeRow, columns: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], Rows]:
    goal = as_int(row, "goal")
    frames, numbers = cut_numbers(
        n_images=len(columns[STATE_KEY]),
        actions=columns[ACTION_KEY],
        proprio=columns[STATE_KEY],
        success=columns["next.success"],
        control_dt_s=1.0 / dataset.config.fps,
        task=0,
        meaning=_meaning_code(str(row["meaning"])),
        cell=columns["label.cell"][:, goal, THING],
        cell_visible=columns["label.cell_visible"][:, goal, THING],
        seed=as_int(row, "seed"),
    )
    return frames, {name: values for name, values in numbers.items() if name != "task"}


def step_tasks(dataset: LeRobotFolder, tasks: Sequence[str]) -> NDArray[np.int64]:
    """The index of each frame's task.

    Raises:
        UnknownName: If the dataset has a task that is not among these.
    """
    lengths = [as_int(row, "length") for row in dataset.episodes]
    return np.repeat(_task_indices(dataset, tasks), lengths)


def segment_tasks(dataset: LeRobotFolder, tasks: Sequence[str]) -> NDArray[np.int64]:
    """The index of the task of each successful episode.

    Raises:
        UnknownName: If the dataset has a task that is not among these.
    """
    succeeded = np.array([bool(row["success"]) for row in dataset.episodes], np.bool_)
    return _task_indices(dataset, tasks)[succeeded]


def pictures(dataset: LeRobotFolder, cache: Path | None) -> NDArray[np.uint8]:
    """All pictures of a dataset as a memory map, see `decoded`."""
    return decoded(dataset.root, dataset.files(), dataset.config.image_shape, cache)


def _joined(parts: Iterator[Rows], spec: Spec, *, without: Sequence[str]) -> Rows:
    """Parts one after the other, or no rows where there are none."""
    made = list(parts)
    return {
        name: np.concatenate([np.empty((0, *c.shape), c.dtype), *(part[name] for part in made)])
        for name, c in spec.items()
        if name not in without
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


def _columns(
    dataset: LeRobotFolder, path: Path, table: pa.Table, names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Columns of a data file, each in the shape that info.json promises."""
    described = features(dataset.config)
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        feature = described[name]
        try:
            columns[name] = to_numpy(table.column(name), feature.row_shape, feature.dtype)
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise DamagedFile(f"{path}: the column {name!r} is damaged: {error}") from None
    return columns


def _meanings(path: Path, table: pa.Table) -> NDArray[np.int64]:
    """The goals' meanings, int64 (n, N_GOALS): few distinct texts, so each is read once."""
    encoded = table.column("label.meanings").combine_chunks().dictionary_encode()
    rows = [
        [_meaning_code(key) for key in text.split(MEANING_SEPARATOR)]
        for text in encoded.dictionary.to_pylist()
    ]
    if encoded.null_count or any(len(row) != N_GOALS for row in rows):
        raise DamagedFile(f"{path}: 'label.meanings' does not hold {N_GOALS} meanings a row")
    meaning: NDArray[np.int64] = np.array(rows, np.int64).reshape(-1, N_GOALS)
    return meaning[np.asarray(encoded.indices.to_numpy(), np.int64)]


def _meaning_code(key: str) -> int:
    return encode(Meaning.from_key(key))


def _task_indices(dataset: LeRobotFolder, tasks: Sequence[str]) -> NDArray[np.int64]:
    """The index of each episode's task."""
    index = {task_id: i for i, task_id in enumerate(tasks)}
    for row in dataset.episodes:
        if row["task_id"] not in index:
            raise UnknownName("task", str(row["task_id"]), tasks)
    return np.array([index[str(row["task_id"])] for row in dataset.episodes], np.int64)
