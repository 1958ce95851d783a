"""Verify: everything that is wrong with a dataset, as sentences."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vla_sim.disk.atomic import read_json
from vla_sim.errors import VlaSimError
from vla_sim.triples.lerobot.columns import to_numpy
from vla_sim.triples.lerobot.folder import LeRobotFolder, as_int
from vla_sim.triples.lerobot.journal import Journal
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.pictures import decode_file
from vla_sim.triples.lerobot.schema import INFO, STATS, TASKS, Feature, data_schema, features


def verify(root: Path) -> list[str]:
    """Look at every file, row and picture of a dataset.

    Returns:
        What is wrong, one sentence each that names the file; empty when all is well.
    """
    problems = []
    try:
        dataset = LeRobotFolder.open(root)
        problems += list(_metadata(dataset))
    except VlaSimError as error:
        return [str(error)]
    if not dataset.episodes:
        return problems
    n_tasks = -1
    try:
        n_tasks = read_table(root / TASKS, ["task_index", "task"]).num_rows
    except VlaSimError as error:
        problems.append(str(error))
    first = 0
    for path, n_rows in dataset.files():
        try:
            problems += list(_data_file(dataset, path, n_rows, first, n_tasks))
        except (VlaSimError, ValueError) as error:
            problems.append(str(error))
        first += n_rows
    return problems


def _metadata(dataset: LeRobotFolder) -> Iterator[str]:
    root = dataset.root
    if not (root / INFO).exists():
        return  # begun, and without an episode so far
    info = read_json(root / INFO)
    expected = {name: feature.to_json() for name, feature in features(dataset.config).items()}
    if info.get("features") != expected:
        yield f"{root / INFO} describes other features than meta/vla_sim.json"
    lengths = [as_int(row, "length") for row in dataset.episodes]
    if sum(lengths) != dataset.n_frames:
        yield f"{root / INFO} counts {dataset.n_frames} frames, the episodes {sum(lengths)}"
    ends = np.cumsum(lengths)
    for row, end, length in zip(dataset.episodes, ends.tolist(), lengths, strict=True):
        span = (row["dataset_from_index"], row["dataset_to_index"])
        if span != (end - length, end):
            yield f"episode {row['episode_index']} spans {span}, not {(end - length, end)}"
    try:
        if dataset.episodes:
            read_json(root / STATS)
    except VlaSimError as error:
        yield str(error)
    waiting = [i for i in Journal(root).indices() if i >= len(dataset.episodes)]
    if waiting:
        yield (
            f"{len(waiting)} episodes of {root} wait in its journal; "
            "LeRobotWriter.resume(root).close() puts them in"
        )
    known = {path for path, _ in dataset.files()}
    for path in sorted((root / "data").glob("*/*.parquet")):
        if path not in known:
            yield f"{path} belongs to no episode; resuming and closing the dataset replaces it"


def _data_file(
    dataset: LeRobotFolder, path: Path, n_rows: int, first: int, n_tasks: int
) -> Iterator[str]:
    config = dataset.config
    table = read_table(path)
    if not table.schema.equals(data_schema(config)):
        yield f"{path} has other columns than {INFO} describes"
        return
    if table.num_rows != n_rows:
        yield f"{path} has {table.num_rows} rows, but its episodes have {n_rows}"
        return

    def column(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        feature: Feature = features(config)[name]
        return to_numpy(table.column(name), feature.row_shape, feature.dtype)

    rows = [row for row in dataset.episodes if first <= as_int(row, "dataset_from_index")]
    rows = [row for row in rows if as_int(row, "dataset_to_index") <= first + n_rows]
    lengths = [as_int(row, "length") for row in rows]
    step = np.concatenate([np.arange(n) for n in lengths])
    expected = {
        "index": first + np.arange(n_rows),
        "episode_index": np.repeat([as_int(row, "episode_index") for row in rows], lengths),
        "frame_index": step,
        "timestamp": (step / config.fps).astype(np.float32),
    }
    for name, values in expected.items():
        if not np.array_equal(column(name), values):
            yield f"{path}: the column {name!r} is not what the episodes' table says"
    task_index = column("task_index").astype(np.int64)
    if n_tasks >= 0 and not ((task_index >= 0) & (task_index < n_tasks)).all():
        yield f"{path}: a task_index is not among the {n_tasks} tasks"
    for name, feature in features(config).items():
        if feature.dtype == "float32" and not np.isfinite(column(name).astype(np.float32)).all():
            yield f"{path}: the column {name!r} holds NaN or infinite values"
    shape = (config.image_height, config.image_width, 3)
    for _ in decode_file(path, config.image_key, shape, n_rows):
        pass
