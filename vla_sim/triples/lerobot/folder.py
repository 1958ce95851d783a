"""Folder: what a dataset says about itself, without its frames."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_sim import unsaid
from vla_sim.disk.atomic import read_json
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.triples.lerobot.adopted import completed, config_of_info
from vla_sim.triples.lerobot.episode_rows import EpisodeRow, data_files, lacking, read_episodes
from vla_sim.triples.lerobot.features import shapes
from vla_sim.triples.lerobot.journal import Journal
from vla_sim.triples.lerobot.schema import (
    CARD,
    CODEBASE_VERSION,
    INFO,
    SCHEMA_VERSION,
    LeRobotConfig,
)


def card(config: LeRobotConfig) -> dict[str, object]:
    """What `meta/vla_sim.json` says."""
    return {
        "schema_version": SCHEMA_VERSION,
        "config": dataclasses.asdict(config),
        "shapes": shapes(config),
    }


def read_card(root: Path) -> LeRobotConfig:
    """The settings that a dataset of ours was begun with.

    Raises:
        RunFolderError: If the folder is no dataset of ours, or of another schema.
        DamagedFile: If its card cannot be read.
    """
    if not (root / CARD).exists():
        if (root / INFO).exists():
            config_of_info(root)  # says what it is, if it is nothing of ours
            raise RunFolderError(
                f"{root} was made by LeRobot of a dataset of vla-sim: it has no {CARD}, so it can "
                "be read and trained on, but not gone on with; collect into another folder"
            )
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
        config = LeRobotConfig(**unsaid.completed(LeRobotConfig, {**values, **names}))
    except (KeyError, TypeError, BadConfig) as error:
        raise DamagedFile(f"{root / CARD} holds no settings: {error}") from None
    if said.get("shapes") != shapes(config):
        raise DamagedFile(f"{root / CARD} has other shapes than schema {SCHEMA_VERSION} has")
    return config


def read_config(root: Path) -> LeRobotConfig:
    """The settings of a dataset that can be read, ours or one that LeRobot made of ours.

    Raises:
        RunFolderError: If it is neither, or of another schema.
        DamagedFile: If its metadata cannot be read.
    """
    if not (root / CARD).exists() and (root / INFO).exists():
        return config_of_info(root)
    return read_card(root)


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


def waiting_in(root: Path) -> int:
    """How many episodes wait in a dataset's journal: they are safe, and not read yet."""
    n_episodes, _ = read_totals(root)
    return sum(index >= n_episodes for index in Journal(root).indices())


@dataclass(frozen=True, kw_only=True)
class LeRobotFolder:
    """A dataset that can be read: its settings and its episodes."""

    root: Path
    config: LeRobotConfig
    episodes: Sequence[EpisodeRow]
    """Rows of the episodes' table, in order, statistics left out."""
    lacks: Sequence[tuple[str, range]]
    """Columns of ours that the episodes' table lacks: LeRobot's tools leave them out."""
    n_frames: int

    @classmethod
    def open(cls, root: Path) -> "LeRobotFolder":
        """Read the metadata; a dataset that was begun and has no episode yet is an empty one.

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
        rows = read_episodes(root, n_episodes)
        return cls(
            root=root,
            config=config,
            episodes=completed(root, rows),
            lacks=lacking(rows),
            n_frames=n_frames,
        )

    def files(self) -> list[tuple[Path, int]]:
        """The data files, each with the number of its frames."""
        return data_files(self.root, self.episodes)


def is_dataset(path: Path) -> bool:
    """Whether a folder claims to be a dataset, ours or LeRobot's."""
    return (path / CARD).is_file() or (path / INFO).is_file()


def datasets_in(path: Path) -> list[Path]:
    """The dataset at `path`, or those right inside it, by name: one robot's data is one dataset.

    Raises:
        RunFolderError: If there is none.
    """
    if is_dataset(path):
        return [path]
    found = sorted(inside for inside in path.glob("*") if is_dataset(inside))
    if not found:
        raise RunFolderError(
            f"there is no dataset of vla-sim in {path}, nor one folder below it; "
            "`vla-sim collect --out DIR` writes one"
        )
    return found
