"""From episodes to reports: rates and means with n and a 95 % interval."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.across.table import ACROSS
from vla_sim.eval.body import Body
from vla_sim.eval.events import EVENTS, event_counts
from vla_sim.eval.language_gain import language_gains
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.metrics.violations import (
    has_violation,
    violation_steps_fraction,
    violations_per_m,
)
from vla_sim.eval.protocol import Protocol, require_measured
from vla_sim.eval.statistics import bootstrap_mean, wilson
from vla_sim.records.episode import Episode, Role
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
    ordered = sorted(episodes, key=_order)
    require_measured(protocol, ordered)
    tasks = tuple(
        task_report(list(group), bodies)
        for _, group in groupby(ordered, key=lambda e: (e.spec.task_id, e.spec.arm))
    )
    return EvalReport(
        protocol=protocol.stamp,
        step=step,
        elapsed_s=elapsed_s,
        tasks=tasks,
        retrieval=retrieval,
        gains={key: gain.difference for key, gain in language_gains(ordered).items()},
        run_card={**(run_card or {}), "role": _role(ordered)},
    )


def _role(episodes: Sequence[Episode]) -> Role:
    """Who acted; a single episode of a teacher makes the result a teacher's."""
    return "teacher" if any(episode.role == "teacher" for episode in episodes) else "policy"


def task_report(episodes: Sequence[Episode], bodies: Mapping[str, Body]) -> TaskReport:
    """Every metric over the episodes of one task under one arm.

    Raises:
        BadConfig: If there is no episode, or they are of several tasks or arms.
        UnknownName: If `bodies` lacks an episode's task.
    """
    kinds = {(episode.spec.task_id, episode.spec.arm) for episode in episodes}
    if len(kinds) != 1:
        raise BadConfig(f"a task report is about one task under one arm; got {sorted(kinds)}")
    ((task_id, arm),) = kinds
    if task_id not in bodies:
        raise UnknownName("body for the task", task_id, bodies)
    body = bodies[task_id]
    ordered = sorted(episodes, key=_order)

    rates: dict[str, Estimate] = {}
    means: dict[str, Estimate] = {}
    for name, metric in METRICS.items():
        values = np.array([metric.of(e, body) for e in ordered], dtype=np.float64)
        into = rates if metric.kind == "rate" else means
        _add(into, name, values, metric.kind)
        if name in PER_MANNER:
            manner = np.array([e.instruction.meaning.manner for e in ordered])
            for one in MANNERS:
                _add(into, f"{name}/{one}", values[manner == one], metric.kind)
    for name in sorted({name for e in ordered for name in e.violations}):
        any_step = np.array([has_violation(e, name) for e in ordered], dtype=np.float64)
        steps = np.array([violation_steps_fraction(e, name) for e in ordered])
        _add(rates, f"violation/{name}", any_step, "rate")
        _add(means, f"violation_steps/{name}", steps, "mean")
        per_m = np.array([violations_per_m(e, name) for e in ordered])
        _add(means, f"violation_per_m/{name}", per_m, "mean")
    counts = [event_counts(e) for e in ordered]
    for name in EVENTS:
        told = np.array([count[name] for count in counts if name in count], dtype=np.float64)
        _add(rates, f"event/{name}", (told > 0).astype(np.float64), "rate")
        _add(means, f"event_count/{name}", told, "mean")
    for name, across in ACROSS.items():
        if (found := across.of(ordered, bodies)) is not None:
            means[name] = found
    guess = float(np.mean([e.n_goals_equivalent / e.n_goals for e in ordered]))
    return TaskReport(task_id=task_id, arm=arm, rates=rates, means=means, guess_rate=guess)


def overall_rate(report: EvalReport, name: str, arm: str = "correct") -> Estimate | None:
    """A rate pooled over the report's tasks under one arm; None where no task has it.

    A protocol runs equally many episodes a task, so the pooled rate is the mean over tasks.
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


def _order(episode: Episode) -> tuple[str, str, int, int, str]:
    spec = episode.spec
    return (spec.task_id, spec.arm, spec.seed, spec.goal, spec.language)
