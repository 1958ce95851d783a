"""Adopted: datasets that LeRobot made of ours, or wrote into, and how others are told apart.

LeRobot's tools keep all columns of the frames, and leave `meta/vla_sim.json` and our columns of the
episodes' table behind. The frames say enough to read and to train on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from vla_sim.disk.atomic import read_json
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.triples.lerobot.episode_rows import EpisodeRow, as_int, data_files, lacking
from vla_sim.triples.lerobot.features import features
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import (
    ACTION_KEY,
    CARD,
    CODEBASE_VERSION,
    IMAGE_KEY,
    INFO,
    STATE_KEY,
    LeRobotConfig,
)

_IN_FRAMES: Mapping[str, str] = {
    "task_id": "label.task_id",
    "seed": "label.seed",
    "goal": "label.goal",
    "meaning": "label.meaning",
}
"""Which column of the frames says what a column of the episodes' table does."""


def config_of_info(root: Path) -> LeRobotConfig:
    """The settings of a dataset without a card of ours, from LeRobot's info.json.

    Raises:
        RunFolderError: If it is of another version, or its frames lack our labels.
        DamagedFile: If info.json cannot be read.
    """
    info: dict[str, Any] = read_json(root / INFO)
    version = info.get("codebase_version")
    is_what = (
        f"{root} is a LeRobot dataset ({version}, robot {info.get('robot_type')!r}, "
        f"{info.get('total_episodes')} episodes)"
    )
    if version != CODEBASE_VERSION:
        raise RunFolderError(f"{is_what}; vla-sim reads {CODEBASE_VERSION}: convert it first")
    described: dict[str, Any] = info.get("features") or {}
    try:
        height, width, _ = described[IMAGE_KEY]["shape"]
        config = LeRobotConfig(
            robot=str(info["robot_type"]),
            fps=int(info["fps"]),
            state_names=tuple(described[STATE_KEY]["names"]),
            action_names=tuple(described[ACTION_KEY]["names"]),
            image_height=int(height),
            image_width=int(width),
        )
        missing = missing_features(described, config)
    except (KeyError, TypeError, ValueError, BadConfig):
        missing = [IMAGE_KEY, STATE_KEY, ACTION_KEY, "label.meanings", "label.chunk"]
        missing = [name for name in missing if name not in described] or ["names and shapes"]
    if missing:
        raise RunFolderError(
            f"{is_what} without what vla-sim trains on: it has no {CARD} and lacks "
            f"{', '.join(missing)}; `vla-sim collect` writes datasets with labels"
        )
    return config


def missing_features(described: Mapping[str, Any], config: LeRobotConfig) -> list[str]:
    """The features that info.json lacks, or describes otherwise than ours are."""
    missing = []
    for name, feature in features(config).items():
        said = described.get(name)
        if said is None:
            missing.append(name)
        elif (said["dtype"], tuple(said["shape"])) != (feature.dtype, feature.shape_on_disk):
            kind = f"{said['dtype']} {list(said['shape'])}"
            missing.append(f"{name} as {feature.dtype} {list(feature.shape_on_disk)}, not {kind}")
    return missing


def completed(root: Path, rows: Sequence[EpisodeRow]) -> list[EpisodeRow]:
    """The rows of the episodes' table, with what reading needs from the frames where they lack it.

    Raises:
        DamagedFile: If a data file cannot be read, or an episode's frames contradict each other.
    """
    whole = list(rows)
    incomplete = {index for _, indices in lacking(rows) for index in indices}
    if not incomplete:
        return whole
    first = 0
    for path, n_rows in data_files(root, rows):
        inside = [
            row for row in rows if first <= as_int(row, "dataset_from_index") < first + n_rows
        ]
        if any(row["episode_index"] in incomplete for row in inside):
            table = read_table(path, [*_IN_FRAMES.values(), "next.success"])
            for row in inside:
                start = as_int(row, "dataset_from_index") - first
                frames = table.slice(start, as_int(row, "length"))
                index = as_int(row, "episode_index")
                if index in incomplete:
                    whole[index] = {**row, **_told_by(frames, path, index)}
        first += n_rows
    return whole


def _told_by(frames: pa.Table, path: Path, index: int) -> EpisodeRow:
    told: EpisodeRow = {"success": any(frames.column("next.success").to_pylist())}
    for column, of_frames in _IN_FRAMES.items():
        values = frames.column(of_frames).unique().to_pylist()
        if len(values) != 1 or values[0] is None:
            raise DamagedFile(f"{path}: episode {index} has {len(values)} values of {of_frames!r}")
        told[column] = values[0]
    return told
