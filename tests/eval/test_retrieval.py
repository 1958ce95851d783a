"""Retrieval against brute force, chance and collapse."""

from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.retrieval import chance_values, ranking_values, retrieval_report

Bools = NDArray[np.bool_]


def in_order(relevant: Bools) -> dict[str, float]:
    """Values of one query whose candidates come in this order; written from the definitions."""
    first = int(np.flatnonzero(relevant)[0])
    gain = 1.0 / np.log2(np.arange(len(relevant)) + 2.0)
    found, ideal = relevant[:10] @ gain[:10], gain[: min(10, int(relevant.sum()))].sum()
    values = {f"R@{k}": float(relevant[:k].any()) for k in (1, 5, 10)}
    return {**values, "MRR": 1.0 / (first + 1), "nDCG@10": float(found / ideal)}


def mean_over_ties(scores: NDArray[np.float64], relevant: Bools) -> dict[str, float]:
    """Mean over every order of the candidates that the scores allow."""
    allowed = [
        list(order)
        for order in permutations(range(len(scores)))
        if (np.diff(scores[list(order)]) <= 0).all()
    ]
    rows = [in_order(relevant[order]) for order in allowed]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


@pytest.mark.parametrize("seed", range(6))
def test_ties_count_as_their_expectation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, size=(4, 6)).astype(np.float64)
    relevant = rng.random((4, 6)) < 0.4
    relevant[:, 0] = True
    wanted = [mean_over_ties(s, r) for s, r in zip(scores, relevant, strict=True)]
    for name, value in ranking_values(scores, relevant).items():
        assert value == pytest.approx(np.mean([w[name] for w in wanted]))


def test_without_ties_it_is_the_plain_definition() -> None:
    rng = np.random.default_rng(7)
    scores, relevant = rng.random((50, 40)), rng.random((50, 40)) < 0.1
    relevant[:, 3] = True
    order = np.argsort(-scores, axis=1)
    wanted = [in_order(r[o]) for r, o in zip(relevant, order, strict=True)]
    for name, value in ranking_values(scores, relevant).items():
        assert value == pytest.approx(np.mean([w[name] for w in wanted]))


def test_a_collapsed_model_scores_chance() -> None:
    rng = np.random.default_rng(2)
    meaning = rng.integers(0, 40, size=300)
    point = rng.normal(size=16)
    same = (np.tile(point, (300, 1)) + 1e-9 * rng.normal(size=(300, 16))).astype(np.float32)
    report = retrieval_report({"V": same, "L": same, "A": same}, meaning)
    assert report.values == pytest.approx(report.chance)


def test_a_perfect_model_scores_one_in_all_directions() -> None:
    rng = np.random.default_rng(3)
    meaning = rng.integers(0, 20, size=256)
    unit = rng.normal(size=(20, 64))[meaning]
    report = retrieval_report({"V": unit, "L": 3.0 * unit, "A": unit}, meaning)
    assert report.gallery_size == 256
    assert len(report.values) == 9 * 5
    assert report.values == pytest.approx(dict.fromkeys(report.values, 1.0))
    assert report.values.keys() == report.chance.keys()


def test_chance_is_what_random_scores_give() -> None:
    rng = np.random.default_rng(4)
    n, m = 60, np.array([1, 2, 8])
    relevant = np.arange(n)[None, :] < np.repeat(m, 2000)[:, None]
    drawn = ranking_values(rng.random((6000, n)), relevant)
    for name, value in chance_values(n, m).items():
        assert drawn[name] == pytest.approx(value, abs=0.02)


def test_chance_of_a_small_gallery_is_certain() -> None:
    assert chance_values(5, np.array([1]))["R@10"] == 1.0
    assert chance_values(12, np.array([3]))["R@10"] == 1.0
    assert chance_values(100, np.array([1]))["R@10"] == pytest.approx(0.1)


def test_two_modalities_give_two_directions() -> None:
    unit = np.eye(8)
    report = retrieval_report({"V": unit, "L": unit}, np.arange(8))
    assert {key.partition("/")[0] for key in report.values} == {"V->L", "L->V"}


def test_the_third_modality_helps_where_each_alone_is_blind() -> None:
    left, right = np.repeat(np.eye(4), 4, axis=0), np.tile(np.eye(4), (4, 1))
    zeros = np.zeros((16, 4))
    embeddings = {
        "V": np.hstack([left, zeros]),
        "L": np.hstack([zeros, right]),
        "A": np.hstack([left, right]),
    }
    values = retrieval_report(embeddings, np.arange(16)).values
    assert values["L+V->A/R@1"] == pytest.approx(1.0)
    assert values["V->A/R@1"] == values["L->A/R@1"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "embeddings",
    [
        {"V": np.ones((4, 2)), "L": np.full((4, 2), np.nan)},
        {"V": np.ones((4, 2)), "L": np.ones((3, 2))},
        {"V": np.ones((4, 2)), "L": np.ones((4, 3))},
        {"V": np.ones((4, 2))},
    ],
)
def test_bad_embeddings_are_named(embeddings: dict[str, NDArray[np.float64]]) -> None:
    with pytest.raises(BadConfig):
        retrieval_report(embeddings, np.arange(4))


def test_a_query_without_an_answer_is_refused() -> None:
    with pytest.raises(BadConfig, match="without any relevant"):
        ranking_values(np.ones((1, 3)), np.zeros((1, 3), dtype=bool))


@pytest.mark.slow
def test_it_agrees_with_torchmetrics() -> None:
    pytest.importorskip("torchmetrics")
    from benchmarks.evaluation_metrics import by_torchmetrics

    rng = np.random.default_rng(3)
    scores, relevant = rng.normal(size=(30, 60)), rng.random((30, 60)) < 0.1
    relevant[:, 5] = True
    wanted = by_torchmetrics(scores, relevant)
    assert ranking_values(scores, relevant) == pytest.approx(wanted, abs=1e-6)
