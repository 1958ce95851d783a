"""Verify: everything that is wrong with a dataset, as sentences."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vla_sim.disk.atomic import read_json
from vla_sim.errors import VlaSimError
from vla_sim.triples.lerobot.adopted import missing_features
from vla_sim.triples.lerobot.columns import same_values, to_numpy
from vla_sim.triples.lerobot.episode_rows import EpisodeRow, as_int, episodes_files
from vla_sim.triples.lerobot.features import data_schema, features, with_statistics
from vla_sim.triples.lerobot.folder import LeRobotFolder, waiting_in
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.pictures import decode_file
from vla_sim.triples.lerobot.schema import CARD, EPISODES, IMAGE_KEY, INFO, STATS, TASKS
from vla_sim.triples.lerobot.stats import STATISTICS
from vla_sim.triples.lerobot.tables import missing_statistics


def verify(root: Path) -> list[str]:
    """Look at every file, row and picture of a dataset.

    Returns:
        What is wrong, one sentence each that names the file; empty when all is well. What LeRobot
        made of a dataset of ours, or wrote into it, is told as well: it can be read, and not gone
        on with.
    """
    try:
        dataset = LeRobotFolder.open(root)
        problems = list(_metadata(dataset))
    except VlaSimError as error:
        return [str(error)]
    if not dataset.episodes:
        return problems
    said: Mapping[int, str] | None = None
    try:
        problems += list(_statistics(dataset))
        said = _instructions(root)
    except VlaSimError as error:
        problems.append(str(error))
    first = 0
    for path, n_rows in dataset.files():
        try:
            problems += list(_data_file(dataset, path, n_rows, first, said))
        except (VlaSimError, ValueError) as error:
            problems.append(str(error))
        first += n_rows
    return problems


def _metadata(dataset: LeRobotFolder) -> Iterator[str]:
    root = dataset.root
    if not (root / INFO).exists():
        return  # begun, and without an episode so far
    info: dict[str, Any] = read_json(root / INFO)
    if not (root / CARD).exists():
        yield f"{root} has no {CARD}: LeRobot made it of a dataset of vla-sim"
    if missing := missing_features(info.get("features") or {}, dataset.config):
        yield f"{root / INFO} describes other features than vla-sim writes: {', '.join(missing)}"
    if (rate := info.get("fps")) != dataset.config.fps:
        taken = dataset.config.fps
        yield f"{root / INFO} says {rate} frames a second, and they were taken at {taken}"
    lengths = [as_int(row, "length") for row in dataset.episodes]
    if sum(lengths) != dataset.n_frames:
        yield f"{root / INFO} counts {dataset.n_frames} frames, the episodes {sum(lengths)}"
    ends = np.cumsum(lengths)
    for row, end, length in zip(dataset.episodes, ends.tolist(), lengths, strict=True):
        span = (row.get("dataset_from_index"), row.get("dataset_to_index"))
        if span != (end - length, end):
            yield f"episode {row['episode_index']} spans {span}, not {(end - length, end)}"
    for columns, episodes in dataset.lacks:
        yield (
            f"{root / EPISODES}: the episodes {episodes.start} to {episodes.stop - 1} lack "
            f"{columns}, as LeRobot leaves them: they can be read, and not gone on with"
        )
    if waiting := waiting_in(root):
        yield (
            f"{waiting} episodes of {root} wait in its journal; "
            "LeRobotWriter.resume(root).close() puts them in"
        )
    known = {path for path, _ in dataset.files()}
    for path in sorted((root / "data").glob("*/*.parquet")):
        if path not in known:
            yield f"{path} belongs to no episode; resuming and closing the dataset replaces it"


def _statistics(dataset: LeRobotFolder) -> Iterator[str]:
    """LeRobot reads none of its tools' own files beside one that has other statistics."""
    n_episodes = len(dataset.episodes)
    for path in episodes_files(dataset.root):
        if n_episodes <= 0:
            break
        table = read_table(path).slice(0, n_episodes)
        n_episodes -= table.num_rows
        if lacks := missing_statistics(table, dataset.config):
            more = f" and {len(lacks) - 3} more" if len(lacks) > 3 else ""
            yield f"{path} lacks statistics: {', '.join(lacks[:3])}{more}"
    said: dict[str, Any] = read_json(dataset.root / STATS)
    for name in with_statistics(dataset.config):
        if set(STATISTICS) - set(said.get(name) or {}):
            yield f"{dataset.root / STATS} lacks statistics of {name!r}"
        elif name != IMAGE_KEY and said[name]["count"] != [dataset.n_frames]:
            # (of pictures LeRobot takes a sample)
            yield f"{dataset.root / STATS} counts {said[name]['count']} frames of {name!r}"


def _data_file(
    dataset: LeRobotFolder,
    path: Path,
    n_rows: int,
    first: int,
    said: Mapping[int, str] | None,
) -> Iterator[str]:
    config = dataset.config
    table = read_table(path)
    held = {field.name: field.type for field in table.schema}
    for field in data_schema(config):
        if field.name not in held or not same_values(held[field.name], field.type):
            yield f"{path} has {field.name!r} as {held.get(field.name)}, not as {field.type}"
            return
    if table.num_rows != n_rows:
        yield f"{path} has {table.num_rows} rows, but its episodes have {n_rows}"
        return
    rows = [
        row
        for row in dataset.episodes
        if first <= as_int(row, "dataset_from_index") < as_int(row, "dataset_to_index")
        and as_int(row, "dataset_to_index") <= first + n_rows
    ]
    yield from _told_twice(table, path, rows, first, config.fps)
    for name, feature in features(config).items():
        if feature.is_number:
            values = to_numpy(table.column(name), feature.row_shape, feature.dtype)
            if not np.isfinite(values.astype(np.float64)).all():
                yield f"{path}: the column {name!r} holds NaN or infinite values"
    if said is not None:
        yield from _asked_otherwise(table, path, rows, first, said)
    for _ in decode_file(path, config.image_shape, n_rows):
        pass


def _instructions(root: Path) -> Mapping[int, str]:
    """{task_index: instruction}; LeRobot's own file has another name for the texts."""
    others = [name for name in read_table(root / TASKS).column_names if name != "task_index"]
    text = others[0] if others and "task" not in others else "task"
    table = read_table(root / TASKS, ["task_index", text])
    numbers, texts = (table.column(name).to_pylist() for name in ("task_index", text))
    return dict(zip(numbers, texts, strict=True))


def _asked_otherwise(
    table: pa.Table, path: Path, rows: list[EpisodeRow], first: int, said: Mapping[int, str]
) -> Iterator[str]:
    """What LeRobot tells a policy has to be what the episode was about."""
    numbers = table.column("task_index")
    if lacking := set(numbers.unique().to_pylist()) - set(said):
        yield f"{path}: a task_index, {min(lacking)}, is not among the {len(said)} tasks"
        return
    for row in rows:
        start, text = as_int(row, "dataset_from_index") - first, row.get("instruction")
        inside = numbers.slice(start, as_int(row, "length")).unique().to_pylist()
        told = sorted({said[number] for number in inside})
        if text is not None and told != [text]:
            yield (
                f"{path}: episode {row['episode_index']} is about {text!r}, and its frames are "
                f"told {' and '.join(map(repr, told))}"
            )


def _told_twice(
    table: pa.Table, path: Path, rows: list[EpisodeRow], first: int, fps: int
) -> Iterator[str]:
    """What frames and episodes both say has to agree."""
    lengths = [as_int(row, "length") for row in rows]
    step = np.concatenate([np.arange(n) for n in lengths])

    def of_episodes(name: str) -> list[object]:
        return [row[name] for row, n in zip(rows, lengths, strict=True) for _ in range(n)]

    expected: dict[str, list[Any]] = {
        "index": list(range(first, first + len(step))),
        "episode_index": of_episodes("episode_index"),
        "frame_index": step.tolist(),
        "timestamp": (step / fps).astype(np.float32).tolist(),
        **{f"label.{name}": of_episodes(name) for name in ("task_id", "seed", "goal", "meaning")},
    }
    for name, values in expected.items():
        if table.column(name).to_pylist() != values:
            yield f"{path}: the column {name!r} is not what the episodes' table says"
