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
from vla_sim.triples.lerobot.stats import (
    QUANTILES,
    DatasetStats,
    FeatureStats,
    ordered_by_component,
    quantiles_of,
)

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
        exact[name] = {**merged[name], **_quantiles(name, feature, files)}
    return exact


def _quantiles(name: str, feature: Feature, files: Sequence[tuple[Path, int]]) -> FeatureStats:
    """The quantiles of one column, (size,) each."""
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
        slabs.append(quantiles_of(ordered_by_component(rows)))
    return {of: np.concatenate([slab[of] for slab in slabs]) for of in QUANTILES}
