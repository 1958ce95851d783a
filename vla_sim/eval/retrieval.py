"""Cross-modal retrieval with several right answers a query and honest ties.

Legend: Q queries, N candidates, m relevant candidates of a query.

Ties count as a random order among the tied: every value is the expectation over it. A model that
maps everything to one point therefore scores the chance line, neither 0 nor 1.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from vla_sim.errors import BadConfig
from vla_sim.eval.ranking import places
from vla_sim.records.reports import RetrievalReport

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HITS_AT = (1, 5, 10)
NDCG_AT = 10
DIRECTIONS = ("V->L", "L->V", "L->A", "A->L", "V->A", "A->V", "L+V->A", "L+A->V", "V+A->L")
"""Query -> gallery; a sum is the normalised sum of unit vectors."""
RECALLS = tuple(f"{direction}/R@{k}" for direction in DIRECTIONS for k in HITS_AT)
"""Of a report of all three modalities, by name."""
DECIMALS = 6
"""Scores that agree to this many decimals are tied: float32 noise is no ranking."""


def retrieval_report(
    embeddings: Mapping[str, NDArray[np.floating]], meaning: NDArray[np.integer]
) -> RetrievalReport:
    """Hits, reciprocal ranks and gains in all directions, each beside its chance line.

    Args:
        embeddings: "V", "L" and "A" (or two of them), each (N, d); row i of all belongs together.
        meaning: (N,), equal numbers are each other's right answers, whatever their words.

    Returns:
        Values and chance under "V->L/R@10", "V->L/MRR", "V->L/nDCG@10" and the like. "R@K" is the
        hit rate: the fraction of queries with a relevant candidate among the first K.

    Raises:
        BadConfig: If shapes disagree, a number is not finite, or no direction is possible.
    """
    meaning = np.asarray(meaning)
    unit = {name: _unit(name, vectors, len(meaning)) for name, vectors in embeddings.items()}
    if len({vectors.shape[1] for vectors in unit.values()}) > 1:
        shapes = {name: vectors.shape for name, vectors in unit.items()}
        raise BadConfig(f"all embeddings must live in one space; got {shapes}")
    relevant = meaning[:, None] == meaning[None, :]  # (N, N)
    n, m = len(meaning), relevant.sum(axis=1)
    values: dict[str, float] = {}
    chance: dict[str, float] = {}
    for direction in DIRECTIONS:
        query, gallery = direction.split("->")
        if not {*query.split("+"), gallery} <= unit.keys():
            continue
        asked = sum((unit[name] for name in query.split("+")), np.zeros(1))
        scores = _normalise(asked) @ unit[gallery].T
        for name, value in ranking_values(scores, relevant).items():
            values[f"{direction}/{name}"] = value
        for name, value in chance_values(n, m).items():
            chance[f"{direction}/{name}"] = value
    if not values:
        raise BadConfig(f"no retrieval among {sorted(embeddings)}: name two of 'V', 'L', 'A'")
    return RetrievalReport(gallery_size=n, values=values, chance=chance)


def ranking_values(scores: Floats, relevant: Bools) -> dict[str, float]:
    """Means over queries of "R@K" (hit), "MRR" of the first hit, and "nDCG@10".

    Args:
        scores: (Q, N), larger is nearer.
        relevant: bool (Q, N), at least one per row.

    Raises:
        BadConfig: If a query has no relevant candidate, shapes differ, or a score is not finite.

    Source:
        McSherry and Najork, ECIR 2008, for the expectation under ties.
    """
    if scores.shape != relevant.shape or scores.ndim != 2 or scores.size == 0:
        raise BadConfig(f"scores {scores.shape} and relevance {relevant.shape} do not belong")
    if not np.isfinite(scores).all():
        raise BadConfig("scores are not all finite: look for NaN in the embeddings")
    if not relevant.any(axis=1).all():
        raise BadConfig("a query without any relevant candidate cannot be scored")
    discount = _discount(min(NDCG_AT, scores.shape[1]))
    ahead, n_tied, m_tied, gain = places(scores, relevant, decimals=DECIMALS, discount=discount)
    values = {
        f"R@{k}": float(_hit(n_tied, m_tied, np.clip(k - ahead, 0, n_tied)).mean()) for k in HITS_AT
    }
    values["MRR"] = float(_reciprocal(ahead, n_tied, m_tied).mean())
    values[f"nDCG@{NDCG_AT}"] = float((gain / _ideal(relevant.sum(axis=1))).mean())
    return values


def chance_values(n: int, m: NDArray[np.integer]) -> dict[str, float]:
    """What a random order of n candidates gives, averaged over queries with m relevant each (Q,).

    R@K is 1 - C(n - m, K) / C(n, K).
    """
    kinds, counts = np.unique(m, return_counts=True)
    weight = counts / counts.sum()
    full = np.full(len(kinds), n)
    values = {
        f"R@{k}": float(weight @ _hit(full, kinds, np.full(len(kinds), min(k, n)))) for k in HITS_AT
    }
    values["MRR"] = float(weight @ _reciprocal(np.zeros(len(kinds), dtype=np.int64), full, kinds))
    gain = kinds / n * _discount(min(NDCG_AT, n)).sum()
    values[f"nDCG@{NDCG_AT}"] = float(weight @ (gain / _ideal(kinds)))
    return values


def _hit(n: NDArray[np.integer], m: NDArray[np.integer], k: NDArray[np.integer]) -> Floats:
    """Chance that k drawn of n hold at least one of the m relevant: 1 - C(n-m, k) / C(n, k)."""
    possible = n - m >= k
    rest = np.where(possible, n - m - k, 0)
    log_miss = gammaln(n - m + 1) - gammaln(rest + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return np.where(possible, -np.expm1(np.minimum(log_miss, 0.0)), 1.0)


def _reciprocal(
    ahead: NDArray[np.integer], n: NDArray[np.integer], m: NDArray[np.integer]
) -> Floats:
    """Expected 1 / rank of the first of m relevant among n tied, `ahead` others before them."""
    result = np.empty(len(ahead))
    for kind in np.unique(np.stack([ahead, n, m]), axis=1).T:
        first, n_tied, m_tied = (int(x) for x in kind)
        rank = np.arange(1, n_tied - m_tied + 2)  # where the first relevant one may stand
        # P(first >= rank) is the chance that the rank - 1 before it are all irrelevant.
        size = np.full(len(rank), n_tied)
        not_yet = 1.0 - _hit(size, np.full(len(rank), m_tied), rank - 1)
        chance = not_yet - np.append(not_yet[1:], 0.0)
        rows = (ahead == first) & (n == n_tied) & (m == m_tied)
        result[rows] = (chance / (first + rank)).sum()
    return result


def _ideal(m: NDArray[np.integer]) -> Floats:
    return np.asarray(np.cumsum(_discount(NDCG_AT))[np.minimum(m, NDCG_AT) - 1], dtype=np.float64)


def _discount(places: int) -> Floats:
    return np.asarray(1.0 / np.log2(np.arange(places) + 2.0), dtype=np.float64)


def _unit(name: str, vectors: NDArray[np.floating], n: int) -> Floats:
    wide = np.asarray(vectors, dtype=np.float64)
    if wide.ndim != 2 or len(wide) != n or n == 0:
        raise BadConfig(f"embeddings of {name} must be ({n}, d), one row a meaning: {wide.shape}")
    if not np.isfinite(wide).all():
        raise BadConfig(f"embeddings of {name} are not all finite")
    return _normalise(wide)


def _normalise(vectors: Floats) -> Floats:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norm > 0, norm, 1.0), dtype=np.float64)
