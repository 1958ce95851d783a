"""The joint stop on hand-written histories: no simulator, no model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vla_sim.errors import BadConfig, ProtocolMismatch, UnknownName
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.retrieval import RECALLS, retrieval_report
from vla_sim.eval.statistics import wilson
from vla_sim.eval.stopping import (
    FREE,
    READINGS,
    Bounded,
    StoppingConfig,
    decide,
    decisions,
    score,
)
from vla_sim.records.reports import EvalReport, RetrievalReport, TaskReport


def report(
    step: int,
    success: float,
    found: float | None = 0.5,
    *,
    n: int = 100,
    protocol: str = "p",
    chance: float = 0.0,
) -> EvalReport:
    """A report whose two tasks succeed alike."""
    rate = wilson(round(success * n), n)
    tasks = tuple(
        TaskReport(task_id=task, arm=arm, rates={"success_at_end": r}, means={}, guess_rate=0.25)
        for task in ("a", "b")
        for arm, r in (("correct", rate), ("swapped", wilson(n, n)))
    )
    retrieval = None
    if found is not None:
        values = {"V->L/R@10": found, "L->V/R@10": found}
        retrieval = RetrievalReport(
            gallery_size=256, values=values, chance=dict.fromkeys(values, chance)
        )
    return EvalReport(
        protocol=protocol, step=step, elapsed_s=10.0 * step, tasks=tasks, retrieval=retrieval
    )


def history(*pairs: tuple[float, float | None]) -> list[EvalReport]:
    return [report(1 + i, success, found) for i, (success, found) in enumerate(pairs)]


def test_the_score_grows_with_each_part_and_ignores_control_arms() -> None:
    base = score(report(0, 0.5, 0.5))
    assert base == pytest.approx(0.5)
    assert score(report(0, 0.6, 0.5)) > base
    assert score(report(0, 0.5, 0.6)) > base
    assert score(report(0, 1.0, 1.0)) == pytest.approx(1.0)
    assert score(report(0, 0.7, None)) == pytest.approx(0.7)


def test_retrieval_counts_from_chance_on() -> None:
    assert score(report(0, 0.5, 0.8, chance=0.8)) == score(report(0, 0.5, 0.7, chance=0.8))
    assert score(report(0, 0.5, 0.9, chance=0.8)) == pytest.approx(0.5)
    assert score(report(0, 1.0, 1.0, chance=0.8)) == pytest.approx(1.0)
    assert "R@10 80.0 % (chance 12.5 %)" in decide([report(0, 0.5, 0.8, chance=0.125)]).reason


def test_the_first_report_is_the_best_so_far() -> None:
    first = decide(history((0.0, 0.0)))
    assert first.is_best
    assert not first.stop


def test_a_small_gain_in_retrieval_is_no_progress_unless_the_simulator_agrees() -> None:
    alone = decide(history((0.5, 0.50), (0.5, 0.52)))
    assert not alone.is_best
    assert "simulator does not agree" in alone.reason
    assert decide(history((0.5, 0.50), (0.52, 0.52))).is_best
    assert decide(history((0.5, 0.50), (0.5, 0.53))).is_best


def test_creeping_retrieval_counts_once_it_adds_up() -> None:
    taken = decisions(history((0.5, 0.50), (0.5, 0.51), (0.5, 0.52), (0.5, 0.53)))
    assert [d.is_best for d in taken] == [True, False, False, True]


def test_retrieval_cannot_buy_a_worse_simulation() -> None:
    assert not decide(history((0.6, 0.50), (0.5, 0.60))).is_best


def test_ties_stay_with_the_earlier_checkpoint() -> None:
    reports = history((0.5, 0.5), (0.5, 0.5))
    assert not decide(reports).is_best


def test_it_stops_after_patience_and_not_before() -> None:
    config = StoppingConfig(patience=3)
    reports = history((0.2, 0.2), (0.7, 0.6), (0.7, 0.61), (0.68, 0.61), (0.7, 0.6))
    assert [d.stop for d in decisions(reports, config)] == [False, False, False, False, True]
    assert [d.is_best for d in decisions(reports, config)] == [True, True, False, False, False]
    assert "3 reports without progress" in decide(reports, config).reason


def test_progress_starts_patience_afresh() -> None:
    config = StoppingConfig(patience=2)
    reports = history((0.5, 0.5), (0.5, 0.5), (0.6, 0.5), (0.6, 0.5))
    assert not any(d.stop for d in decisions(reports, config))


def test_the_target_needs_all_its_parts() -> None:
    config = StoppingConfig(target_success=0.85, target_retrieval=0.7)
    assert decide(history((0.9, 0.75)), config).stop
    assert not decide(history((0.9, 0.65)), config).stop
    assert not decide(history((0.8, 0.75)), config).stop


def test_the_weakest_task_can_hold_the_target_back() -> None:
    strict = StoppingConfig(target_success=0.5, target_task_success=0.7)
    assert not decide(history((0.6, 0.5)), strict).stop
    assert decide(history((0.7, 0.5)), strict).stop


def test_what_has_learnt_nothing_meets_no_target_and_can_still_be_the_best() -> None:
    config = StoppingConfig(target_success=0.95, patience=2)
    reports = [report(step, success, None) for step, success in enumerate((0.99, 0.98, 0.97))]
    taken = decisions(reports, config)
    assert [d.stop for d in taken] == [False, False, True]
    assert [d.is_best for d in taken] == [True, False, False]
    assert "2 reports without progress" in taken[-1].reason
    assert "R@10" not in taken[-1].reason, "nobody measured it"
    better = decisions([*reports[:1], report(1, 1.0, None)], config)[-1]
    assert better.stop and "the target is met" in better.reason


def test_what_is_kept_beats_what_was_before_it() -> None:
    pairs = [(0.1, 0.3), (0.4, 0.5), (0.35, 0.9), (0.6, 0.55), (0.61, 0.3), (0.2, 0.2)]
    reports = history(*pairs)
    taken = decisions(reports, StoppingConfig(patience=9))
    kept = [d.score for d in taken if d.is_best]
    assert kept == sorted(kept)
    assert decide(reports[:3]) == taken[2], "the past is not rewritten"


def test_reports_that_do_not_compare_are_refused() -> None:
    with pytest.raises(ProtocolMismatch, match="p and q"):
        decide([report(0, 0.5), report(1, 0.5, protocol="q")])
    with pytest.raises(BadConfig, match="some reports hold retrieval"):
        decide([report(0, 0.5), report(1, 0.5, None)])
    with pytest.raises(BadConfig, match="at least one"):
        decide([])
    with pytest.raises(BadConfig, match="success_once"):
        score(report(0, 0.5), StoppingConfig(success="success_once"))


@pytest.mark.parametrize(
    "settings",
    [
        {"patience": 0},
        {"retrieval_weight": 1.5},
        {"min_success_gain": -0.1},
        {"success": "succes_at_end"},
        {"success": "comfort_peak"},
        {"retrieval": ()},
        {"retrieval": ("V->L/R@10", "V->L/R@7")},
    ],
)
def test_settings_without_a_meaning_raise(settings: dict[str, Any]) -> None:
    with pytest.raises((BadConfig, UnknownName)):
        StoppingConfig(**settings)


def test_what_may_be_asked_for_is_in_every_report() -> None:
    assert {METRICS[name].kind for name in READINGS} == {"rate"}
    made = retrieval_report(dict.fromkeys("VLA", np.eye(12)), np.arange(12))
    assert set(RECALLS) <= made.values.keys()
    assert StoppingConfig(success="success_held", retrieval=RECALLS).success in READINGS


def bounded_report(step: int, success: float, collided: float, kept: float = 1.0) -> EvalReport:
    plain = report(step, success, None)
    more = {"violation/collision": wilson(round(100 * collided), 100)}
    more["manner_kept"] = wilson(round(100 * kept), 100)
    tasks = tuple(replace(task, rates={**task.rates, **more}) for task in plain.tasks)
    return replace(plain, tasks=tasks)


def test_what_lies_above_a_bound_costs_success_and_what_lies_below_nothing() -> None:
    bounded = Bounded(most={"collision": 0.02}, weight=5.0)

    def second_is_best(*pairs: tuple[float, float], free: bool = False) -> bool:
        reports = [bounded_report(k, *pair) for k, pair in enumerate(pairs)]
        return decide(reports, bounded=FREE if free else bounded).is_best

    assert second_is_best((0.90, 0.02), (0.92, 0.00))
    assert not second_is_best((0.90, 0.00), (0.90, 0.00))
    assert second_is_best((0.90, 0.04), (0.90, 0.02)), "a bound that comes to be kept is progress"
    assert not second_is_best((0.90, 0.02), (0.94, 0.04))
    assert second_is_best((0.90, 0.02), (0.94, 0.04), free=True)
    assert not second_is_best((0.90, 0.04), (0.0, 0.0)), "who stands still breaks nothing either"


def test_no_target_is_met_beyond_a_bound_and_the_reason_says_how_far() -> None:
    config, bounded = StoppingConfig(target_success=0.9), Bounded(most={"manner": 0.02}, weight=5.0)
    for kept, stops in ((0.98, True), (0.97, False)):
        decision = decide([bounded_report(1, 0.95, 0.0, kept)], config, bounded)
        assert decision.stop == stops
        assert f"manner {100 * (1 - kept):.1f} % (bound 2.0 %)" in decision.reason
    with pytest.raises(BadConfig, match="no share of 'off_road' to be bounded"):
        decide([bounded_report(0, 0.9, 0.0)], bounded=Bounded(most={"off_road": 0.1}))
