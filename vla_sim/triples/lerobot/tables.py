"""Tables: the metadata of a dataset as LeRobot wants to find it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.columns import to_numpy
from vla_sim.triples.lerobot.episode_rows import (
    PLACE_COLUMNS,
    PLAN_COLUMNS,
    STATS_PREFIX,
    EpisodeRow,
    episodes_files,
)
from vla_sim.triples.lerobot.features import features, with_statistics
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.stats import STATISTICS, DatasetStats, merge, merge_stacked


def episodes_table(rows: Sequence[EpisodeRow], stats: Sequence[DatasetStats]) -> pa.Table:
    """Rows of the episodes' table, each with the statistics of its frames."""
    schema = pa.schema([*PLACE_COLUMNS.items(), *PLAN_COLUMNS.items()])
    columns = dict(zip(schema.names, pa.Table.from_pylist(list(rows), schema=schema), strict=True))
    values = {
        f"{STATS_PREFIX}{feature}/{statistic}": np.stack([s[feature][statistic] for s in stats])
        for feature in stats[0]
        for statistic in STATISTICS
    }
    # Made an arrow array once and cut: each making looks for pandas, which need not be there.
    flat = pa.array(np.concatenate([array.reshape(-1) for array in values.values()]))
    start = 0
    for name, array in values.items():
        columns[name] = _lists(flat.slice(start, array.size), array.shape)
        if name.endswith("/count"):
            columns[name] = columns[name].cast(pa.list_(pa.int64()))
        start += array.size
    return pa.table(columns)


def _lists(flat: pa.Array, shape: tuple[int, ...]) -> pa.Array:
    """Nested lists of a shape, one per row, of lengths that arrow need not know beforehand."""
    kind = flat.type
    for width in reversed(shape[1:]):
        flat = pa.FixedSizeListArray.from_arrays(flat, width)
        kind = pa.list_(kind)
    return flat.cast(kind)


def tasks_table(task_index: Mapping[str, int]) -> pa.Table:
    """The instructions. The pandas metadata makes their text the index of LeRobot's data frame.

    Without it LeRobot reads the file all the same, and gives row numbers for instructions.
    """
    column = {"field_name": "task_index", "name": "task_index", "metadata": None}
    text = {"field_name": "task", "name": "task", "metadata": None}
    pandas = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            {**column, "pandas_type": "int64", "numpy_type": "int64"},
            {**text, "pandas_type": "unicode", "numpy_type": "object"},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    schema = pa.schema([("task_index", pa.int64()), ("task", pa.string())])
    columns = [list(task_index.values()), list(task_index)]
    return pa.table(columns, schema=schema.with_metadata({"pandas": json.dumps(pandas)}))


def missing_statistics(table: pa.Table, config: LeRobotConfig) -> list[str]:
    """Columns of statistics that a file of the episodes' table lacks, or that have gaps in it."""
    expected = [f"{STATS_PREFIX}{f}/{s}" for f in with_statistics(config) for s in STATISTICS]
    held = set(table.column_names)
    return [name for name in expected if name not in held or table.column(name).null_count]


def read_stats(root: Path, n_episodes: int, config: LeRobotConfig) -> DatasetStats:
    """Statistics of the first `n_episodes`, merged from those in the episodes' table.

    Raises:
        DamagedFile: If a file cannot be read or lacks statistics.
    """
    parts: list[DatasetStats] = []
    for path in episodes_files(root):
        if n_episodes <= 0:
            break
        table = read_table(path).slice(0, n_episodes)
        n_episodes -= table.num_rows
        if lacks := missing_statistics(table, config):
            raise DamagedFile(f"{path} lacks statistics of the frames: {', '.join(lacks[:3])}")
        parts.append(_merged(path, table, config))
    return merged_stats(parts)


def _merged(path: Path, table: pa.Table, config: LeRobotConfig) -> DatasetStats:
    merged: DatasetStats = {}
    for name in with_statistics(config):
        feature = features(config)[name]
        shape = (3, 1, 1) if feature.dtype == "image" else (feature.size,)
        try:
            merged[name] = merge_stacked(
                {
                    statistic: to_numpy(
                        table.column(f"{STATS_PREFIX}{name}/{statistic}"),
                        (1,) if statistic == "count" else shape,
                        "float64",
                    ).astype("float64", copy=False)
                    for statistic in STATISTICS
                }
            )
        except ValueError as error:
            raise DamagedFile(f"{path}: the statistics of {name!r} are damaged: {error}") from None
    return merged


def merged_stats(parts: Sequence[DatasetStats]) -> DatasetStats:
    """Statistics of all frames from those of the parts."""
    return {name: merge([part[name] for part in parts]) for name in parts[0]} if parts else {}


def stats_json(merged: DatasetStats) -> dict[str, object]:
    """What `meta/stats.json` says."""
    return {
        feature: {
            name: (value.astype(int) if name == "count" else value).tolist()
            for name, value in values.items()
        }
        for feature, values in merged.items()
    }
