"""Folder: what a dataset says about itself, without its frames."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_sim.disk.atomic import read_json
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.triples.lerobot.journal import EpisodeRow
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import (
    CARD,
    CODEBASE_VERSION,
    DATA_PATH,
    EPISODES_PATH,
    FILES_PER_CHUNK,
    INFO,
    JOURNAL,
    SCHEMA_VERSION,
    LeRobotConfig,
)


def data_path(root: Path, file: int) -> Path:
    """The data file number `file`, counted over all chunks."""
    chunk, index = divmod(file, FILES_PER_CHUNK)
    return root / DATA_PATH.format(chunk_index=chunk, file_index=index)


def episodes_path(root: Path, file: int) -> Path:
    """The file of the episodes' table that belongs to data file number `file`."""
    chunk, index = divmod(file, FILES_PER_CHUNK)
    return root / EPISODES_PATH.format(chunk_index=chunk, file_index=index)


def card(config: LeRobotConfig) -> dict[str, object]:
    """What `meta/vla_sim.json` says."""
    return {"schema_version": SCHEMA_VERSION, "config": dataclasses.asdict(config)}


def read_config(root: Path) -> LeRobotConfig:
    """The settings that a dataset was begun with.

    Raises:
        RunFolderError: If the folder is no dataset of ours, or of another schema.
        DamagedFile: If its card cannot be read.
    """
    if not (root / CARD).exists():
        raise RunFolderError(
            f"{root} is no dataset of vla-sim: it has no {CARD}; give a folder that "
            "`vla-sim collect --out` wrote"
        )
    said = read_json(root / CARD)
    if said.get("schema_version") != SCHEMA_VERSION:
        raise RunFolderError(
            f"{root / CARD} has the schema {said.get('schema_version')!r}; this version of "
            f"vla-sim reads {SCHEMA_VERSION}: collect again, or use the version that wrote it"
        )
    values: Any = said.get("config")
    try:
        names = {name: tuple(values[name]) for name in ("state_names", "action_names")}
        return LeRobotConfig(**{**values, **names})
    except (KeyError, TypeError, BadConfig) as error:
        raise DamagedFile(f"{root / CARD} holds no settings: {error}") from None


def waiting_in(root: Path) -> int:
    """How many episodes wait in a dataset's journal, by their files."""
    return len(list((root / JOURNAL).glob("*.parquet")))


def read_totals(root: Path) -> tuple[int, int]:
    """How many episodes and frames count, by info.json; none before there is one.

    Raises:
        DamagedFile: If it cannot be read, or is of another version.
    """
    if not (root / INFO).exists():
        return 0, 0
    info = read_json(root / INFO)
    if info.get("codebase_version") != CODEBASE_VERSION:
        raise DamagedFile(
            f"{root / INFO} says codebase_version {info.get('codebase_version')!r}, "
            f"not {CODEBASE_VERSION!r}"
        )
    n_episodes, n_frames = info.get("total_episodes"), info.get("total_frames")
    if not isinstance(n_episodes, int) or not isinstance(n_frames, int):
        raise DamagedFile(f"{root / INFO} lacks the totals of episodes and frames")
    return n_episodes, n_frames


@dataclass(frozen=True, kw_only=True)
class LeRobotFolder:
    """A dataset that can be read: its settings and its episodes."""

    root: Path
    config: LeRobotConfig
    episodes: Sequence[EpisodeRow]
    """Rows of the episodes' table, in order, statistics left out."""
    n_frames: int

    @classmethod
    def open(cls, root: Path) -> "LeRobotFolder":
        """Read the metadata.

        Raises:
            RunFolderError: If the folder is missing, foreign, or was never closed.
            DamagedFile: If a file of its metadata is missing or cannot be read.
        """
        if not root.is_dir():
            raise RunFolderError(f"there is no dataset folder {root}")
        config = read_config(root)
        if not (root / INFO).exists() and (waiting := waiting_in(root)):
            raise RunFolderError(
                f"{root} was not finished: it has no {INFO}, and {waiting} episodes wait in its "
                "journal; LeRobotWriter.resume(root).close() makes a dataset of them"
            )
        n_episodes, n_frames = read_totals(root)
        return cls(
            root=root,
            config=config,
            episodes=read_episodes(root, n_episodes, with_stats=False),
            n_frames=n_frames,
        )

    def files(self) -> list[tuple[Path, int]]:
        """The data files, each with the number of its frames."""
        n_rows: dict[int, int] = {}
        for row in self.episodes:
            file = file_of(row)
            n_rows[file] = n_rows.get(file, 0) + as_int(row, "length")
        return [(data_path(self.root, file), n) for file, n in sorted(n_rows.items())]


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


def read_episodes(root: Path, n_episodes: int, *, with_stats: bool) -> list[EpisodeRow]:
    """The first `n_episodes` rows of the episodes' table.

    Raises:
        DamagedFile: If a file is missing, unreadable, or out of order.
    """
    rows: list[EpisodeRow] = []
    file = 0
    while len(rows) < n_episodes:
        table = read_table(episodes_path(root, file))
        if not with_stats:
            table = table.select([n for n in table.column_names if not n.startswith("stats/")])
        if not table.num_rows:
            raise DamagedFile(f"{episodes_path(root, file)} holds no episodes")
        rows += table.to_pylist()
        file += 1
    rows = rows[:n_episodes]
    if [row.get("episode_index") for row in rows] != list(range(n_episodes)):
        raise DamagedFile(f"the episodes in {root / 'meta/episodes'} are not 0 to {n_episodes - 1}")
    return rows


def datasets_in(path: Path) -> list[Path]:
    """The dataset at `path`, or those right inside it, by name: one robot's data is one dataset.

    Raises:
        RunFolderError: If there is none.
    """
    if (path / CARD).exists():
        return [path]
    found = sorted(card.parent.parent for card in path.glob(f"*/{CARD}"))
    if not found:
        raise RunFolderError(
            f"there is no dataset of vla-sim in {path}, nor one folder below it; "
            "`vla-sim collect --out DIR` writes one"
        )
    return found
