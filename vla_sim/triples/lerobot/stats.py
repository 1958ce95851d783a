"""Stats: what LeRobot's normalisers read, per episode and over all of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FeatureStats = dict[str, Floats]
"""{statistic: value}; "count" has the shape (1,)."""
DatasetStats = dict[str, FeatureStats]
"""{feature: {statistic: value}}."""

QUANTILES: Mapping[str, float] = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
STATISTICS: tuple[str, ...] = ("min", "max", "mean", "std", "count", *QUANTILES)


def of_values(values: NDArray[np.generic]) -> FeatureStats:
    """Statistics over the first axis of (n, d)."""
    x = values.astype(np.float64).reshape(len(values), -1)
    return {
        "min": x.min(axis=0),
        "max": x.max(axis=0),
        "mean": x.mean(axis=0),
        "std": x.std(axis=0),
        "count": np.array([float(len(x))]),
        **dict(zip(QUANTILES, np.quantile(x, list(QUANTILES.values()), axis=0), strict=True)),
    }


def of_pictures(pictures: NDArray[np.uint8]) -> FeatureStats:
    """Statistics per channel over [0, 1] of uint8 (n, h, w, 3), in LeRobot's shape (3, 1, 1).

    Exact, from the histogram of the 256 levels; the count is of pictures.
    """
    levels = np.arange(256) / 255.0
    channels = []
    for channel in range(3):
        histogram = np.bincount(pictures[..., channel].reshape(-1), minlength=256)
        share = histogram / histogram.sum()
        mean = float(share @ levels)
        present = levels[histogram > 0]
        # The smallest level below or at which the quantile's share of pixels lies.
        places = np.searchsorted(np.cumsum(share), list(QUANTILES.values()))
        channels.append(
            {
                "min": present[0],
                "max": present[-1],
                "mean": mean,
                "std": float(np.sqrt(share @ (levels - mean) ** 2)),
                **dict(zip(QUANTILES, levels[np.minimum(places, 255)], strict=True)),
            }
        )
    stats = {
        name: np.array([c[name] for c in channels]).reshape(3, 1, 1)
        for name in STATISTICS
        if name != "count"
    }
    return {**stats, "count": np.array([float(len(pictures))])}


def merge(parts: Sequence[FeatureStats]) -> FeatureStats:
    """Statistics of all rows from those of the parts; see `merge_stacked`."""
    return merge_stacked({name: np.stack([part[name] for part in parts]) for name in STATISTICS})


def merge_stacked(stacked: FeatureStats) -> FeatureStats:
    """Statistics of all rows from those of n parts, each (n, ...) here.

    Exact but for the quantiles, which are the parts' weighted mean, as LeRobot merges them.
    """
    counts = stacked["count"].reshape(-1)

    def weighted(values: Floats) -> Floats:
        mean: Floats = np.tensordot(counts / counts.sum(), values, axes=1)
        return mean

    mean = weighted(stacked["mean"])
    variance = weighted(stacked["std"] ** 2 + (stacked["mean"] - mean) ** 2)
    return {
        "min": stacked["min"].min(axis=0),
        "max": stacked["max"].max(axis=0),
        "mean": mean,
        "std": np.sqrt(variance),
        "count": np.array([counts.sum()]),
        **{name: weighted(stacked[name]) for name in QUANTILES},
    }
