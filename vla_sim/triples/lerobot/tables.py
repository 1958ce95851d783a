"""Tables: the metadata of a dataset as LeRobot wants to find it."""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from vla_sim.triples.lerobot.journal import EpisodeRow
from vla_sim.triples.lerobot.schema import EPISODE_COLUMNS
from vla_sim.triples.lerobot.stats import FeatureStats, merge

STATS_PREFIX = "stats/"
DatasetStats = dict[str, FeatureStats]
"""{feature: {statistic: value}}."""


def episodes_table(rows: list[EpisodeRow]) -> pa.Table:
    """Rows of the episodes' table; the types of the statistics follow from their values."""
    schema = pa.schema(list(EPISODE_COLUMNS.items()))
    table = pa.Table.from_pylist(rows, schema=schema)
    for name in (name for name in rows[0] if name.startswith(STATS_PREFIX)):
        values = pa.array([row[name] for row in rows])
        if name.endswith("/count"):
            values = values.cast(pa.list_(pa.int64()))
        table = table.append_column(name, values)
    return table


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


def merged_stats(rows: list[EpisodeRow], known: DatasetStats) -> DatasetStats:
    """The known statistics with those of `rows` merged into them."""
    parts: dict[str, list[FeatureStats]] = {name: [value] for name, value in known.items()}
    for row in rows:
        of_row: DatasetStats = {}
        for name in (name for name in row if name.startswith(STATS_PREFIX)):
            _, feature, statistic = name.split("/")
            of_row.setdefault(feature, {})[statistic] = np.asarray(row[name], np.float64)
        for feature, values in of_row.items():
            parts.setdefault(feature, []).append(values)
    return {feature: merge(of_all) for feature, of_all in parts.items()}


def without_stats(row: EpisodeRow) -> EpisodeRow:
    """The row as it may stay in memory for all episodes of a long collection."""
    return {name: value for name, value in row.items() if not name.startswith(STATS_PREFIX)}


def stats_json(merged: DatasetStats) -> dict[str, object]:
    """What `meta/stats.json` says."""
    return {
        feature: {
            name: (value.astype(int) if name == "count" else value).tolist()
            for name, value in values.items()
        }
        for feature, values in merged.items()
    }
