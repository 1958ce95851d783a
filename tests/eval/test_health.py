"""Laws of the health of a space: the matrix, likeness without bias, and the file."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.eval.health.alignment_matrix import alignment_matrix
from vla_sim.eval.health.cka import debiased_cka, unbiased_hsic
from vla_sim.eval.health.health_report import BatchSize, HealthReport, from_json, to_json
from vla_sim.eval.report.health_tables import matrix_table, recall_table, state_table
from vla_sim.eval.retrieval import retrieval_report

RNG = np.random.default_rng(0)


def unit(n: int, d: int = 8) -> np.ndarray:
    vectors = RNG.normal(size=(n, d))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_hsic_is_the_mean_over_all_quadruples() -> None:
    one, other = (x @ x.T for x in (RNG.normal(size=(6, 3)), RNG.normal(size=(6, 4))))
    quadruples = [
        one[i, j] * (other[i, j] + other[q, r] - 2.0 * other[i, q])
        for i, j, q, r in permutations(range(6), 4)
    ]
    assert unbiased_hsic(one, other) == pytest.approx(np.mean(quadruples), rel=1e-9)


def test_cka_is_1_for_the_same_turned_and_scaled_and_0_for_what_is_independent() -> None:
    x = RNG.normal(size=(40, 6))
    turn, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    assert debiased_cka(x, 3.0 * x @ turn + 7.0) == pytest.approx(1.0, abs=1e-9)
    values = [
        debiased_cka(RNG.normal(size=(64, 256)), RNG.normal(size=(64, 256))) for _ in range(20)
    ]
    assert abs(np.mean([value for value in values if value is not None])) < 0.02  # biased: .8


def test_cka_of_what_does_not_vary_is_no_number() -> None:
    assert debiased_cka(np.ones((8, 3)), RNG.normal(size=(8, 3))) is None
    with pytest.raises(BadConfig, match="4 or more"):
        debiased_cka(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(BadConfig, match="NaN"):
        debiased_cka(np.full((5, 2), np.nan), np.ones((5, 2)))


def test_the_matrix_is_retrieval_off_the_diagonal_and_retelling_on_it() -> None:
    told = {name: unit(40) for name in "VLA"}
    meaning = np.arange(40) // 2
    again = {**told, "L": unit(40)}
    matrix = alignment_matrix(told, again, meaning)
    report = retrieval_report(told, meaning)
    for pair in ("V->L", "L->V", "A->V"):
        assert matrix[pair].value == report.values[f"{pair}/R@10"]
        assert matrix[pair].chance == report.chance[f"{pair}/R@10"]
    assert matrix["V->V"].value == matrix["V->V"].skill == 1.0, "told the same, found"
    assert abs(matrix["L->L"].skill) < 0.4, "told by chance, found by chance"
    assert list(matrix)[:3] == ["V->V", "V->L", "V->A"]


def test_a_matrix_needs_each_modality_twice() -> None:
    with pytest.raises(BadConfig, match="give the same"):
        alignment_matrix({"V": unit(4)}, {"L": unit(4)}, np.arange(4))


def healthy() -> HealthReport:
    told, meaning = {name: unit(12) for name in "VLA"}, np.arange(12)
    report = retrieval_report(told, meaning)
    return HealthReport(
        step=300,
        recall={"V->L/R@1": report.recall("V->L/R@1"), "V->L/R@10": report.recall("V->L/R@10")},
        matrix=alignment_matrix(told, told, meaning),
        cka={"V-L": 0.25, "V-A": None},
        temperatures={"vl": 0.06},
        batch=BatchSize(
            moments=32, segments=8192, meanings=60, most_of_a_meaning=2, processes=2, portion=256
        ),
    )


def test_a_report_comes_back_as_it_was_and_no_other_version_does() -> None:
    report = healthy()
    assert from_json(to_json(report)) == report
    with pytest.raises(DamagedFile, match="health 2"):
        from_json(to_json(report).replace("vla-sim health 1", "vla-sim health 2"))
    with pytest.raises(DamagedFile, match="no health report"):
        from_json("{}")
    with pytest.raises(ValueError, match="JSON"):
        to_json(replace(report, cka={"V-L": float("nan")}))


def test_tables_say_what_the_report_says() -> None:
    report = healthy()
    matrix = matrix_table(report)
    assert matrix.columns == ("Clips", "Words", "Actions")
    assert matrix.rows[0][1][0].text == "100.0 %"
    assert recall_table(report).columns == ("R@1", "R@10")
    lines = {title: cells[0] for title, cells in state_table(report).rows}
    assert lines["CKA of clips and actions"].text == "nothing varies"
    assert lines["Segments an update"].text == "8,192"
    assert lines["Segments an update"].note == "256 encoded at once"
    assert lines["Moments an update"].note == "shared by 2 processes"
