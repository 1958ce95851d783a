"""How much two modalities are shown to say of each other: a lower bound in nats.

Legend: N pairs of a batch, d embedding.

A model that picks the right one of N candidates with a loss L knows at least log N - L of what one
side says of the other. The bound cannot pass log N, however much there is: values near it are
marked, and values at different N do not compare, so N is part of their name.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from vla_sim.errors import BadConfig
from vla_sim.records.reports import InformationBound

Floats = NDArray[np.float64]

SIZES = (16, 64, 256, 1024, 4096)
"""A gallery is measured at the largest of these that it has so many different meanings for."""
N_BATCHES = 32
"""Batches that the bound is averaged over: one by itself may exceed the truth."""
PAIRS = {"vl": ("V", "L"), "la": ("L", "A"), "va": ("V", "A")}


def information_bounds(
    embeddings: Mapping[str, NDArray[np.floating]],
    meaning: NDArray[np.integer],
    inverse_temperature: Mapping[str, float],
    rng: np.random.Generator,
) -> dict[str, InformationBound]:
    """The bound of each pair of modalities, "V-L@64" and the like.

    Args:
        embeddings: "V", "L" and "A" (or two of them), unit vectors (n, d) that were held out; row i
            of all belongs together.
        meaning: (n,), codes. A batch holds a meaning once: a second row of it would be no negative.
        inverse_temperature: {pair, "vl", "la" or "va": what its cosines are multiplied by}.
        rng: Draws which meanings, and which row of each, make a batch.

    Returns:
        Empty where there are fewer meanings than the smallest of `SIZES`.
    """
    kinds, kind_of_row = np.unique(meaning, return_inverse=True)
    fitting = [size for size in SIZES if size <= len(kinds)]
    if not fitting:
        return {}
    n = fitting[-1]
    batches = [_batch(kind_of_row, len(kinds), n, rng) for _ in range(N_BATCHES)]
    bounds: dict[str, InformationBound] = {}
    for pair, (first, second) in PAIRS.items():
        if not {first, second} <= embeddings.keys() or pair not in inverse_temperature:
            continue
        values = [
            infonce_bound(
                inverse_temperature[pair] * embeddings[first][rows] @ embeddings[second][rows].T
            )
            for rows in batches
        ]
        bounds[f"{first}-{second}@{n}"] = InformationBound(
            nats=float(np.mean(values)),
            n_pairs=n,
            n_batches=N_BATCHES,
            spread=float(np.std(values, ddof=1)),
        )
    return bounds


def infonce_bound(scores: NDArray[np.floating]) -> float:
    """What is left of log N without the mean InfoNCE loss of both sides [nat].

    Args:
        scores: (N, N), larger is nearer; the diagonal belongs together, and nothing else.

    Raises:
        BadConfig: If it is not square, has fewer than two rows, or a score is not finite.

    Source:
        van den Oord, arXiv 1807.03748, appendix; its limits: Poole, 1905.06922, and McAllester and
        Stratos, 1811.04251.
    """
    wide: Floats = np.asarray(scores, dtype=np.float64)
    if wide.ndim != 2 or wide.shape[0] != wide.shape[1] or len(wide) < 2:
        raise BadConfig(f"scores are {wide.shape}; the bound needs N x N of them, N two or more")
    if not np.isfinite(wide).all():
        raise BadConfig("scores are not all finite: look for NaN in the embeddings")
    loss = [logsumexp(wide, axis=side) - wide.diagonal() for side in (0, 1)]
    return float(np.log(len(wide)) - np.mean(loss))


def said_of(bounds: Mapping[str, InformationBound]) -> str:
    """The bounds in words, each beside the most that its N can show."""
    return ", ".join(
        f"{pair.partition('@')[0]} at least {bound.nats:.2f} nat of {np.log(bound.n_pairs):.2f} "
        f"that N = {bound.n_pairs} can show{' (saturated)' if bound.saturated else ''}"
        for pair, bound in bounds.items()
    )


def _batch(
    kind_of_row: NDArray[np.integer], n_kinds: int, n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows of n different meanings, one each."""
    order = rng.permutation(len(kind_of_row))
    _, first = np.unique(kind_of_row[order], return_index=True)
    return order[first][rng.permutation(n_kinds)[:n]]
