"""Episode rows: the episodes' table, one row per episode, without its statistics."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import EPISODES, FILES_PER_CHUNK, data_path

EpisodeRow = dict[str, object]
"""A row of the episodes' table as JSON values."""

STATS_PREFIX = "stats/"
"""Of the columns `stats/<feature>/<statistic>`."""

PLACE_COLUMNS: Mapping[str, pa.DataType] = {
    "episode_index": pa.int64(),
    "tasks": pa.list_(pa.string()),
    "length": pa.int64(),
    "data/chunk_index": pa.int64(),
    "data/file_index": pa.int64(),
    "dataset_from_index": pa.int64(),
    "dataset_to_index": pa.int64(),
    "meta/episodes/chunk_index": pa.int64(),
    "meta/episodes/file_index": pa.int64(),
}
"""What LeRobot itself writes."""
PLAN_COLUMNS: Mapping[str, pa.DataType] = {
    "success": pa.bool_(),
    "success_at_end": pa.bool_(),
    "task_id": pa.string(),
    "seed": pa.int64(),
    "goal": pa.int64(),
    "manner": pa.string(),
    "language": pa.string(),
    "split": pa.string(),
    "arm": pa.string(),
    "instruction": pa.string(),
    "template_id": pa.string(),
    "meaning": pa.string(),
    "shown": pa.string(),
    "terminated": pa.bool_(),
    "truncated": pa.bool_(),
    "expert_path_length_m": pa.float64(),
}
"""What we add: LeRobot reads it and filters by it, and its tools leave it out of what they make."""


def as_int(row: EpisodeRow, name: str) -> int:
    """An integer of an episode's row.

    Raises:
        DamagedFile: If the row has none there.
    """
    value = row.get(name)
    if not isinstance(value, int):
        raise DamagedFile(f"episode {row.get('episode_index')!r} has {name} = {value!r}")
    return value


def file_of(row: EpisodeRow) -> int:
    """The number of the data file that holds an episode, counted over all chunks."""
    return as_int(row, "data/chunk_index") * FILES_PER_CHUNK + as_int(row, "data/file_index")


def data_files(root: Path, rows: Iterable[EpisodeRow]) -> list[tuple[Path, int]]:
    """The data files that hold episodes, each with the number of their frames in it."""
    n_frames: dict[int, int] = {}
    for row in rows:
        n_frames[file_of(row)] = n_frames.get(file_of(row), 0) + as_int(row, "length")
    return [(data_path(root, file), n) for file, n in sorted(n_frames.items())]


def episodes_files(root: Path) -> list[Path]:
    """The files of the episodes' table, in order: ours belong to data files, LeRobot's do not."""
    return sorted((root / EPISODES).glob("*/*.parquet"))


def read_episodes(root: Path, n_episodes: int) -> list[EpisodeRow]:
    """The first `n_episodes` rows of the episodes' table.

    Raises:
        DamagedFile: If a file is missing, unreadable, or out of order.
    """
    rows: list[EpisodeRow] = []
    for path in episodes_files(root):
        if len(rows) >= n_episodes:
            break  # written by a process that was killed before it counted them
        table = read_table(path)
        names = [name for name in table.column_names if not name.startswith(STATS_PREFIX)]
        rows += table.select(names).to_pylist()
    rows = rows[:n_episodes]
    if [row.get("episode_index") for row in rows] != list(range(n_episodes)):
        raise DamagedFile(
            f"{root / EPISODES} does not hold the episodes 0 to {n_episodes - 1} in order; restore "
            "the file that is missing, or collect again"
        )
    return rows


def lacking(rows: Sequence[EpisodeRow]) -> list[tuple[str, range]]:
    """What rows lack of our columns: the columns in words, and which episodes in a row."""
    found: list[tuple[str, range]] = []
    for index, row in enumerate(rows):
        columns = ", ".join(name for name in PLAN_COLUMNS if row.get(name) is None)
        if columns and found and found[-1] == (columns, range(found[-1][1].start, index)):
            found[-1] = (columns, range(found[-1][1].start, index + 1))
        elif columns:
            found.append((columns, range(index, index + 1)))
    return found
