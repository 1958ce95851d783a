"""Joint early stopping: one score of simulation and retrieval stops the run and picks the best.

The rule, for reports of one protocol in the order of training:

*Score.* A weighted mean of the success rate (mean over tasks, true instruction) and of R@10 (mean
over the V-L directions), the latter as its share of the way from chance to perfect: in a small
gallery guessing alone looks good.

*Bounds.* Where shares of episodes are bounded (a violation, a manner not kept), success counts less
by `Bounded.weight` times what lies above each bound, mean over tasks. A policy that does nothing
breaks no bound either, so that bounds alone never decide.

*Progress.* A report is the new best if its score is higher than the best so far AND one of its two
parts moved for real: success rose by `min_success_gain`, or R@10 rose by `min_retrieval_gain`. So a
gain in R@10 below 2 to 3 points is no progress unless the simulator agrees.

*Intervals.* All reports of a protocol ran the same seeds, so their success rates are paired and
differ by less than their intervals suggest; to demand that intervals part would take thousands of
episodes. The rule compares values, says in the reason whether the intervals overlap, and breaks
ties towards the earlier checkpoint: a challenger has to win.

*Stop.* After `patience` reports in a row without progress, or as soon as the best meets the target.
What stops and what is kept is the same rule, so the best is never worse than what was stopped for.
A report at step 0 is of what has learnt nothing yet: it can be the best, and meets no target, since
whoever asked for a training did not ask to be told that there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.protocol import require_comparable
from vla_sim.eval.retrieval import RECALLS
from vla_sim.ranges import above, some, whole, within
from vla_sim.records.manner import MANNER
from vla_sim.records.reports import EvalReport, StopDecision, TaskReport

READINGS = ("success_once", "success_at_end", "success_held")
"""Rates that are readings of success; every task has each."""


@dataclass(frozen=True, kw_only=True)
class StoppingConfig:
    """Settings of joint early stopping."""

    success: str = "success_at_end"
    """Name of the rate that counts as success."""
    retrieval: tuple[str, ...] = ("V->L/R@10", "L->V/R@10")
    """Values of the RetrievalReport whose mean counts as R@10."""
    retrieval_weight: float = 0.3
    """Share of R@10 in the score; the rest is success. Without retrieval the score is success."""
    min_success_gain: float = 0.01
    min_retrieval_gain: float = 0.025
    patience: int = 4
    """Reports in a row without progress that end the run."""
    target_success: float | None = None
    """Mean success at which the run may end, once it has learnt; None for no target."""
    target_task_success: float = 0.0
    """What the weakest task needs besides."""
    target_retrieval: float = 0.0
    """What R@10 needs besides."""

    def __post_init__(self) -> None:
        """Refuse settings without a meaning.

        Raises:
            BadConfig: If one is out of range.
            UnknownName: If no report has such a success or retrieval.
        """
        if self.success not in READINGS:
            raise UnknownName("reading of success", self.success, READINGS)
        some(retrieval=self.retrieval)
        for name in self.retrieval:
            if name not in RECALLS:
                raise UnknownName("recall", name, RECALLS)
        whole(1, patience=self.patience)
        within(
            0,
            1,
            retrieval_weight=self.retrieval_weight,
            min_success_gain=self.min_success_gain,
            min_retrieval_gain=self.min_retrieval_gain,
            target_task_success=self.target_task_success,
            target_retrieval=self.target_retrieval,
        )
        above(0, target_success=self.target_success)
        within(0, 1, target_success=self.target_success)


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """Shares of episodes that are bounded, and what is above a bound costs.

    Attributes:
        most: {violation: the largest share of episodes that may have it}; `manner` is not to have
            kept the manner that was told.
        weight: How much success a share above its bound costs, in its own units.
    """

    most: Mapping[str, float] = field(default_factory=dict)
    weight: float = 0.0


FREE = Bounded()
"""Nothing is bounded."""


def score(report: EvalReport, config: StoppingConfig | None = None) -> float:
    """Simulation and retrieval as one number in [0, 1].

    Raises:
        BadConfig: If the report has no success under the true instruction, or its retrieval lacks a
            value that the config asks for.
    """
    return _Parts.of(report, config or StoppingConfig(), FREE).score


def decide(
    history: Sequence[EvalReport], config: StoppingConfig | None = None, bounded: Bounded = FREE
) -> StopDecision:
    """What the newest report means, given all before it.

    Raises:
        BadConfig: If there is no report, one cannot be scored or lacks what is bounded, or only
            some hold retrieval.
        ProtocolMismatch: If the reports were measured under different protocols.
    """
    return decisions(history, config, bounded)[-1]


def decisions(
    history: Sequence[EvalReport], config: StoppingConfig | None = None, bounded: Bounded = FREE
) -> tuple[StopDecision, ...]:
    """The decision at each report, as it was or would have been taken; raises as `decide` does."""
    config = config or StoppingConfig()
    if not history:
        raise BadConfig("a decision needs at least one report")
    for report in history[1:]:
        require_comparable(history[0], report)
    parts = [_Parts.of(report, config, bounded) for report in history]
    if len({part.retrieval is None for part in parts}) > 1:
        raise BadConfig("some reports hold retrieval and some do not: their scores do not compare")
    taken: list[StopDecision] = []
    best = 0
    for now, part in enumerate(parts):
        is_best, why = (True, "first report") if now == 0 else _progress(part, parts[best], config)
        best = now if is_best else best
        n_without = now - best
        stop = False
        if history[best].step > 0 and parts[best].meets(config):
            stop, why = True, f"{why}; the target is met"
        elif n_without >= config.patience:
            stop, why = True, f"{why}; {n_without} reports without progress"
        reason = f"{part.text}: {why}"
        taken.append(StopDecision(stop=stop, is_best=is_best, score=part.score, reason=reason))
    return tuple(taken)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What a score is made of."""

    success: float
    low: float
    high: float
    weakest: float
    shares: Mapping[str, tuple[float, float]]
    """{what is bounded: (its largest share in any task, its bound)}."""
    net: float
    """Success less what lies above bounds."""
    retrieval: float | None
    chance: float
    score: float

    @classmethod
    def of(cls, report: EvalReport, config: StoppingConfig, bounded: Bounded) -> "_Parts":
        tasks = [
            task for task in report.tasks if task.arm == "correct" and config.success in task.rates
        ]
        rates = [task.rates[config.success].value for task in tasks]
        pooled = overall_rate(report, config.success)
        if pooled is None:
            raise BadConfig(
                f"the report at step {report.step} has no rate {config.success!r} under the true "
                "instruction: run the simulation before asking to stop"
            )
        success = float(np.mean(rates))
        most = bounded.most
        shares = {name: [share_of(task, name) for task in tasks] for name in most}
        excess = sum(
            float(np.mean([max(share - most[name], 0.0) for share in found]))
            for name, found in shares.items()
        )
        net = success - bounded.weight * excess
        retrieval, chance = None, 0.0
        total = net
        if report.retrieval is not None:
            lacking = [key for key in config.retrieval if key not in report.retrieval.values]
            if lacking:
                raise BadConfig(f"the report at step {report.step} has no retrieval {lacking}")
            recalls = [report.retrieval.recall(key) for key in config.retrieval]
            retrieval = float(np.mean([recall.value for recall in recalls]))
            chance = float(np.mean([recall.chance for recall in recalls]))
            skill = float(np.mean([max(recall.skill, 0.0) for recall in recalls]))
            weight = config.retrieval_weight
            total = (1.0 - weight) * net + weight * skill
        return cls(
            success=success,
            low=pooled.low,
            high=pooled.high,
            weakest=min(rates),
            shares={name: (max(found), most[name]) for name, found in shares.items()},
            net=net,
            retrieval=retrieval,
            chance=chance,
            score=total,
        )

    @property
    def text(self) -> str:
        said = f"success {100 * self.success:.1f} %"
        for name, (share, most) in self.shares.items():
            said += f", {name} {100 * share:.1f} % (bound {100 * most:.1f} %)"
        if self.retrieval is None:
            return said
        return f"{said}, R@10 {100 * self.retrieval:.1f} % (chance {100 * self.chance:.1f} %)"

    def meets(self, config: StoppingConfig) -> bool:
        return (
            config.target_success is not None
            and self.success >= config.target_success
            and self.weakest >= config.target_task_success
            and all(share <= most + 1e-9 for share, most in self.shares.values())
            and (self.retrieval is None or self.retrieval >= config.target_retrieval)
        )


def share_of(task: TaskReport, name: str) -> float:
    """The share of a task's episodes that have what is bounded.

    Raises:
        BadConfig: If the report does not tell it.
    """
    rate = task.rates.get("manner_kept" if name == MANNER else f"violation/{name}")
    if rate is None:
        raise BadConfig(f"the report of {task.task_id} has no share of {name!r} to be bounded")
    return 1.0 - rate.value if name == MANNER else rate.value


def _progress(new: _Parts, best: _Parts, config: StoppingConfig) -> tuple[bool, str]:
    gain = new.net - best.net
    success = "success within bounds" if new.shares else "success"
    found = 0.0
    if new.retrieval is not None and best.retrieval is not None:
        found = new.retrieval - best.retrieval
    # A whole episode more must not fail the bar by the last bit of a float.
    success_moved = gain >= config.min_success_gain - 1e-9 and gain > 0
    retrieval_moved = found >= config.min_retrieval_gain - 1e-9 and found > 0
    overlap = new.low <= best.high and best.low <= new.high
    intervals = "intervals overlap" if overlap else "intervals apart"
    if new.score > best.score and (success_moved or retrieval_moved):
        moved = [
            f"{name} {_points(change)}"
            for name, change, really in (
                (success, gain, success_moved),
                ("R@10", found, retrieval_moved),
            )
            if really
        ]
        return True, f"new best, {' and '.join(moved)} ({intervals})"
    if found > 0 and not success_moved and new.score > best.score:
        return False, (
            f"no progress, R@10 {_points(found)} is under the smallest gain "
            f"and the simulator does not agree ({_points(gain)})"
        )
    of_retrieval = "" if new.retrieval is None else f", R@10 {_points(found)}"
    return False, f"no progress, {success} {_points(gain)}{of_retrieval}"


def _points(change: float) -> str:
    """A change of a fraction in points; what rounds to nothing has no sign."""
    rounded = round(100 * change, 1)
    return f"{rounded:+.1f} points" if rounded else "unchanged"
