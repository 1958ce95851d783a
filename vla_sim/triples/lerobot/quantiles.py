"""Quantiles: of all rows of a dataset, where the mean of the episodes' would mislead.

A gripper that closes in one third of each episode has q01 = -1; the mean over episodes of their
q01 need not, and policies that normalise by quantiles would clip what they should learn.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.columns import to_numpy
from vla_sim.triples.lerobot.features import Feature, numbers
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.stats import QUANTILES, DatasetStats, Floats

_MOST_NUMBERS = 1 << 24
"""Held at once: of longer datasets a feature is read several times, some components each time."""


def with_exact_quantiles(
    merged: DatasetStats, files: Sequence[tuple[Path, int]], config: LeRobotConfig
) -> DatasetStats:
    """The merged statistics, with quantiles of all rows for every feature but the pictures.

    Args:
        merged: Statistics of the dataset.
        files: Its data files, each with the number of its rows that count.
        config: Its settings.

    Raises:
        DamagedFile: If a data file cannot be read.
    """
    exact = dict(merged)
    for name, feature in numbers(config).items():
        values = _quantiles(name, feature, files)
        exact[name] = {**merged[name], **dict(zip(QUANTILES, values, strict=True))}
    return exact


def _quantiles(name: str, feature: Feature, files: Sequence[tuple[Path, int]]) -> Floats:
    """The quantiles of one column, (n_quantiles, size)."""
    n = sum(n_rows for _, n_rows in files)
    width = max(1, _MOST_NUMBERS // max(n, 1))
    slabs = []
    for first in range(0, feature.size, width):
        rows = np.empty((n, min(width, feature.size - first)), feature.dtype)
        start = 0
        for path, n_rows in files:
            column = read_table(path, [name]).column(name).slice(0, n_rows)
            try:
                values = to_numpy(column, (feature.size,), feature.dtype)
                rows[start : start + n_rows] = values[:, first : first + width]
            except ValueError as error:
                raise DamagedFile(f"{path}: the column {name!r} is damaged: {error}") from None
            start += n_rows
        slabs.append(np.quantile(rows.astype(np.float64), list(QUANTILES.values()), axis=0))
    joined: Floats = np.concatenate(slabs, axis=1)
    return joined
