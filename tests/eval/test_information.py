"""Laws of the bound of information: below the truth, marked where it is full, at one N."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.errors import BadConfig
from vla_sim.eval.information import infonce_bound, information_bounds, said_of
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.records.reports import EvalReport, InformationBound, RetrievalReport


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_it_is_log_n_where_all_is_known_and_nothing_where_nothing_is() -> None:
    assert infonce_bound(100.0 * np.eye(64)) == pytest.approx(math.log(64.0))
    assert infonce_bound(np.zeros((64, 64))) == pytest.approx(0.0, abs=1e-12)
    assert infonce_bound(-100.0 * np.eye(64)) < -50.0


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_with_the_best_critic_it_stays_below_the_truth_and_comes_near(rho: float) -> None:
    """Pairs of normal numbers, of which the information is known: -log(1 - rho^2) / 2 each."""
    d, n = 4, 256
    truth = -0.5 * d * math.log(1.0 - rho**2)
    values = []
    for seed in range(8):
        draw = np.random.default_rng(seed)
        x = draw.normal(size=(n, d))
        y = rho * x + math.sqrt(1.0 - rho**2) * draw.normal(size=(n, d))
        of_pair = -0.5 * ((y[None] - rho * x[:, None]) ** 2).sum(-1) / (1.0 - rho**2)
        of_one = -0.5 * (y**2).sum(-1)
        values.append(infonce_bound(of_pair - of_one[None, :]))
    spread = float(np.std(values)) / math.sqrt(len(values))
    assert 0.75 * truth < np.mean(values) < truth + 3.0 * spread


def test_a_batch_holds_a_meaning_once_and_n_is_in_the_name() -> None:
    meaning = np.arange(200) % 70
    unit = np.eye(70)[meaning]
    bounds = information_bounds({"V": unit, "L": unit}, meaning, {"vl": 100.0, "la": 1.0}, rng())
    assert list(bounds) == ["V-L@64"]
    bound = bounds["V-L@64"]
    # With a second row of one meaning it could not have come to log 64.
    assert bound.nats == pytest.approx(math.log(64.0))
    assert bound.saturated and "saturated" in said_of(bounds)
    same = information_bounds({"V": unit, "L": unit}, meaning, {"vl": 100.0}, rng())
    assert same == bounds


def test_few_meanings_give_no_bound() -> None:
    meaning = np.arange(100) % 15
    unit = np.eye(15)[meaning]
    assert information_bounds({"V": unit, "L": unit}, meaning, {"vl": 1.0}, rng()) == {}


def test_what_is_far_from_full_is_not_marked() -> None:
    bound = InformationBound(nats=3.0, n_pairs=64, n_batches=32, spread=0.1)
    assert not bound.saturated
    assert replace(bound, nats=0.91 * math.log(64.0)).saturated


@pytest.mark.parametrize(
    "scores", [np.zeros((3, 4)), np.zeros((1, 1)), np.full((3, 3), np.nan), np.zeros(3)]
)
def test_bad_scores_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(BadConfig, match="scores are"):
        infonce_bound(scores)


def test_reports_keep_it_and_older_ones_are_read() -> None:
    bound = InformationBound(nats=2.0, n_pairs=64, n_batches=32, spread=0.1)
    found = RetrievalReport(gallery_size=70, values={}, chance={}, information={"V-L@64": bound})
    report = EvalReport(protocol="p", step=1, elapsed_s=1.0, tasks=(), retrieval=found)
    assert report.retrieval is not None
    assert from_json(to_json(report)) == report
    older = json.loads(to_json(report))
    del older["retrieval"]["information"]
    read = from_json(json.dumps(older))
    assert read.retrieval == replace(report.retrieval, information={})
