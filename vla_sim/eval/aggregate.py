"""From episodes to reports: rates and means with n and a 95 % interval."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from vla_sim.errors import BadConfig
from vla_sim.eval.across.pass_power import K, all_of
from vla_sim.eval.body import Body
from vla_sim.eval.events import EVENTS
from vla_sim.eval.language_gain import language_gains
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.metrics.violations import per_metre
from vla_sim.eval.protocol import Protocol, require_measured
from vla_sim.eval.rows import rows_of
from vla_sim.eval.statistics import bootstrap_mean, wilson
from vla_sim.records.episode import Episode, Role
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.manner import MANNERS
from vla_sim.records.reports import Estimate, EvalReport, RetrievalReport, TaskReport

PER_MANNER = ("manner_kept", "comfortable", "typical_speed")
"""Metrics that are also told apart by manner: slowly < normal < quickly should show."""


def eval_report(
    episodes: Iterable[Episode],
    bodies: Mapping[str, Body],
    *,
    protocol: Protocol,
    step: int,
    elapsed_s: float,
    retrieval: RetrievalReport | None = None,
    run_card: Mapping[str, str] | None = None,
) -> EvalReport:
    """One evaluation of one model.

    Args:
        episodes: Of any tasks and arms, in any order: the report does not depend on it.
        bodies: {task id: the body that moves in it}; manners may differ between tasks of a robot.
        protocol: How they were measured: all that it plans, on what it says.
        step: Training step of the model.
        elapsed_s: Time since training began [s].
        retrieval: Retrieval of the same model.
        run_card: See `run_card`; who acted ("role") is added from the episodes.

    Raises:
        UnknownName: If `bodies` lacks an episode's task.
        ProtocolMismatch: If they were not measured under the protocol.
    """
    return report_of(
        rows_of(episodes, bodies),
        protocol=protocol,
        step=step,
        elapsed_s=elapsed_s,
        retrieval=retrieval,
        run_card=run_card,
    )


def report_of(
    rows: Iterable[EpisodeRow],
    *,
    protocol: Protocol,
    step: int = 0,
    elapsed_s: float = 0.0,
    retrieval: RetrievalReport | None = None,
    run_card: Mapping[str, str] | None = None,
) -> EvalReport:
    """The same from the rows of the episodes, as a result keeps them.

    Raises:
        ProtocolMismatch: If they were not measured under the protocol.
    """
    ordered = sorted(rows, key=lambda row: row.order)
    require_measured(protocol, ordered)
    tasks = tuple(
        _task_report(list(group))
        for _, group in groupby(ordered, key=lambda row: (row.spec.task_id, row.spec.arm))
    )
    return EvalReport(
        protocol=protocol.stamp,
        step=step,
        elapsed_s=elapsed_s,
        tasks=tasks,
        retrieval=retrieval,
        gains={key: gain.difference for key, gain in language_gains(ordered).items()},
        run_card={**(run_card or {}), "role": _role(ordered), **_first_failure(ordered)},
    )


def _role(rows: Sequence[EpisodeRow]) -> Role:
    """Who acted; a single episode of a teacher makes the result a teacher's."""
    return "teacher" if any(row.role == "teacher" for row in rows) else "policy"


def _first_failure(rows: Sequence[EpisodeRow]) -> Mapping[str, str]:
    """Where a policy failed for the first time, and why; nothing where none did."""
    first = next((row for row in rows if row.policy_failure), None)
    if first is None:
        return {}
    spec = first.spec
    return {
        "policy_failure": f"{spec.task_id}, seed {spec.seed}, arm {spec.arm}, after "
        f"{first.n_steps} steps: {first.policy_failure}"
    }


def task_report(episodes: Sequence[Episode], bodies: Mapping[str, Body]) -> TaskReport:
    """Every metric over the episodes of one task under one arm.

    Raises:
        BadConfig: If there is no episode, or they are of several tasks or arms.
        UnknownName: If `bodies` lacks an episode's task.
    """
    kinds = {(episode.spec.task_id, episode.spec.arm) for episode in episodes}
    if len(kinds) != 1:
        raise BadConfig(f"a task report is about one task under one arm; got {sorted(kinds)}")
    return _task_report(rows_of(episodes, bodies))


def _task_report(ordered: Sequence[EpisodeRow]) -> TaskReport:
    """Of the rows of one task under one arm, in the order of a result."""
    rates: dict[str, Estimate] = {}
    means: dict[str, Estimate] = {}
    manner = np.array([row.spec.manner for row in ordered])
    for name, metric in METRICS.items():
        values = np.array([row.metrics[name] for row in ordered], dtype=np.float64)
        into = rates if metric.kind == "rate" else means
        _add(into, name, values, metric.kind)
        if name in PER_MANNER:
            for one in MANNERS:
                _add(into, f"{name}/{one}", values[manner == one], metric.kind)
    if any(row.policy_failure for row in ordered):
        failed = np.array([bool(row.policy_failure) for row in ordered], dtype=np.float64)
        _add(rates, "policy_failed", failed, "rate")
    n_steps = np.array([row.n_steps for row in ordered])
    for name in sorted({name for row in ordered for name in row.violations}):
        on = np.array([row.violations.get(name, 0) for row in ordered])
        begun = [
            per_metre(row.violation_stretches.get(name, 0), row.path_length_m) for row in ordered
        ]
        _add(rates, f"violation/{name}", (on > 0).astype(np.float64), "rate")
        _add(means, f"violation_steps/{name}", on / n_steps, "mean")
        _add(means, f"violation_per_m/{name}", np.array(begun), "mean")
    for name in EVENTS:
        told = [row.events[name] for row in ordered if name in row.events]
        counts = np.array(told, dtype=np.float64)
        _add(rates, f"event/{name}", (counts > 0).astype(np.float64), "rate")
        _add(means, f"event_count/{name}", counts, "mean")
    if len(ordered) >= K:
        hits = sum(row.success_at_end for row in ordered)
        means[f"pass_power_{K}"] = all_of(hits, len(ordered), K)
    guess = [(r.n_goals_equivalent / r.n_goals) ** r.spec.n_instructions for r in ordered]
    first = ordered[0].spec
    return TaskReport(
        task_id=first.task_id,
        arm=first.arm,
        rates=rates,
        means=means,
        guess_rate=float(np.mean(guess)),
    )


def overall_rate(report: EvalReport, name: str, arm: str = "correct") -> Estimate | None:
    """A rate pooled over the report's tasks under one arm; None where no task has it.

    It is the mean over tasks where each ran equally many episodes, as all protocols do but those
    with a rule that stops a task.
    """
    pooled = [t.rates[name] for t in report.tasks if t.arm == arm and name in t.rates]
    if not pooled:
        return None
    return wilson(sum(round(e.value * e.n) for e in pooled), sum(e.n for e in pooled))


def _add(into: dict[str, Estimate], name: str, values: np.ndarray, kind: str) -> None:
    """Estimate from the episodes for which the metric is defined; none, and the name is absent."""
    defined = values[np.isfinite(values)]
    if len(defined) == 0:
        return
    into[name] = (
        wilson(int(defined.sum()), len(defined)) if kind == "rate" else bootstrap_mean(defined)
    )
