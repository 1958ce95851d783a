"""Comparison: results of several policies on the same episodes, pair by pair."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.multiplicity import holm
from vla_sim.eval.power import Discordance, pairs_needed, progress_needed
from vla_sim.eval.sequential import Outcome, require_alpha
from vla_sim.eval.sign_flip import sign_flip
from vla_sim.eval.statistics import bootstrap_mean, mcnemar, paired_difference, wilson
from vla_sim.records.episode_row import EpisodeRow, PairKey
from vla_sim.records.reports import Estimate

ALL = "all"
"""In place of a task: the pairs of all tasks together."""
POWER = 0.8
"""Chance of success of the study that a sentence speaks of when it says how long it would be."""
Rows = Sequence[EpisodeRow]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One policy against another, on the pairs of one task or of all.

    Attributes:
        task_id: Gymnasium id, or `ALL`.
        first: Name of the one result.
        second: Of the other.
        outcome: What is compared.
        first_value: Its rate of success, or mean progress.
        second_value: Of the other.
        difference: First minus second, paired: Newcombe's interval, or the bootstrap's.
        p_value: Of no difference: McNemar's exact test, or sign flips.
        adjusted_p: Holm's, over all that is tested beside it; this is held against alpha.
        needed: About how many pairs would show such a difference, were it the first of Holm's
            steps over all that is tested beside it; None if no number that can be run.
    """

    task_id: str
    first: str
    second: str
    outcome: Outcome
    first_value: Estimate
    second_value: Estimate
    difference: Estimate
    p_value: float
    adjusted_p: float
    needed: int | None

    def is_shown(self, alpha: float) -> bool:
        """The locked test rejected that there is no difference."""
        return self.adjusted_p <= alpha


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All results against each other.

    Attributes:
        outcome: What is compared.
        alpha: Largest chance that any of the overall contrasts is shown wrongly.
        arm: What the policies were told.
        values: {name: rate or mean over all pairs}, in the order of the results.
        overall: Each pair of results over all tasks; Holm over these.
        by_task: Each pair of results on each task; Holm over these.
        best: Name with the highest value.
        not_told: The results that are not shown to be worse than the best, itself among them.
    """

    outcome: Outcome
    alpha: float
    arm: str
    values: Mapping[str, Estimate]
    overall: tuple[Contrast, ...]
    by_task: tuple[Contrast, ...]
    best: str
    not_told: tuple[str, ...]


def compare(
    results: Mapping[str, Rows],
    *,
    outcome: Outcome = "success",
    reading: str = "success_at_end",
    arm: str = "correct",
    alpha: float = 0.05,
    partly: bool = False,
) -> Comparison:
    """Compare results that were measured the same way.

    Args:
        results: {name: rows}, two or more.
        outcome: What is compared.
        reading: The metric that says success.
        arm: Episodes of this arm are compared.
        alpha: Largest chance of any wrong "better" among the overall contrasts.
        partly: Results may have different numbers of episodes (a rule stopped them); those that
            all have are compared. Otherwise an episode that one lacks is an error.

    Raises:
        BadConfig: If there are too few results, or so few episodes that no outcome could show
            anything; or if alpha is out of range.
        ProtocolMismatch: If the results hold different episodes.
    """
    require_alpha(alpha)
    if len(results) < 2:
        raise BadConfig(f"a comparison takes two results or more; got {', '.join(results) or '0'}")
    keyed = {name: _by_pair(name, rows, arm) for name, rows in results.items()}
    keys = _shared(keyed, partly=partly)
    n_pairs = math.comb(len(results), 2)
    _require_enough(len(keys), alpha / n_pairs, arm)
    values = {
        name: np.array([_value(table[key], outcome, reading) for key in keys])
        for name, table in keyed.items()
    }
    tasks = np.array([key[0] for key in keys])

    def contrasts(task_id: str, n_tasks: int) -> list[Contrast]:
        mine = tasks == task_id if task_id != ALL else np.ones(len(tasks), dtype=np.bool_)
        level = alpha / (n_tasks * n_pairs)
        return [
            _contrast(task_id, (a, b), (values[a][mine], values[b][mine]), outcome, level)
            for a, b in combinations(results, 2)
        ]

    overall = _adjusted(contrasts(ALL, 1))
    task_ids = sorted(set(tasks.tolist()))
    estimates = {name: _estimate(x, outcome) for name, x in values.items()}
    best = max(estimates, key=lambda name: estimates[name].value)
    worse = {
        (c.second if c.difference.value > 0 else c.first)
        for c in overall
        if best in (c.first, c.second) and c.is_shown(alpha)
    }
    return Comparison(
        outcome=outcome,
        alpha=alpha,
        arm=arm,
        values=estimates,
        overall=overall,
        by_task=_adjusted([c for name in task_ids for c in contrasts(name, len(task_ids))]),
        best=best,
        not_told=tuple(name for name in results if name not in worse),
    )


def _contrast(
    task_id: str,
    names: tuple[str, str],
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    outcome: Outcome,
    alpha: float,
) -> Contrast:
    a, b = values
    if outcome == "success":
        difference, p_value = paired_difference(a, b), mcnemar(a, b)
        only = Discordance(
            only_first=float((a > b).mean()),
            only_second=float((b > a).mean()),
        )
        needed = pairs_needed(only, alpha=alpha, power=POWER)
    else:
        difference, p_value = bootstrap_mean(a - b), sign_flip(a - b)
        z_alpha, z_power = float(norm.isf(alpha / 2)), float(norm.ppf(POWER))
        several = len(a) > 1
        needed = progress_needed(a - b, z_alpha=z_alpha, z_power=z_power) if several else None
    return Contrast(
        task_id=task_id,
        first=names[0],
        second=names[1],
        outcome=outcome,
        first_value=_estimate(a, outcome),
        second_value=_estimate(b, outcome),
        difference=difference,
        p_value=p_value,
        adjusted_p=p_value,
        needed=needed,
    )


def _adjusted(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    p_values = holm([contrast.p_value for contrast in contrasts])
    return tuple(replace(c, adjusted_p=float(p)) for c, p in zip(contrasts, p_values, strict=True))


def _value(row: EpisodeRow, outcome: Outcome, reading: str) -> float:
    return row.progress if outcome == "progress" else row.metrics[reading]


def _estimate(values: NDArray[np.float64], outcome: Outcome) -> Estimate:
    if outcome == "success":
        return wilson(int(values.sum()), len(values))
    return bootstrap_mean(values)


def _by_pair(name: str, rows: Rows, arm: str) -> dict[PairKey, EpisodeRow]:
    table = {row.pair_key: row for row in rows if row.spec.arm == arm}
    if not table:
        arms = ", ".join(sorted({row.spec.arm for row in rows}))
        raise BadConfig(f"{name} has no episodes of the arm {arm!r}; it has {arms}")
    return table


def _shared(keyed: Mapping[str, Mapping[PairKey, EpisodeRow]], *, partly: bool) -> list[PairKey]:
    """The pairs that all results hold, in order."""
    shared = set.intersection(*(set(table) for table in keyed.values()))
    for name, table in keyed.items():
        if not partly and (others := set(table) - shared):
            task_id, seed = min(others)[:2]
            raise ProtocolMismatch(
                f"{name} has {len(others)} episodes that not all others have, for example "
                f"{task_id} seed {seed}: measure all of them under one protocol"
            )
    return sorted(shared)


def _require_enough(n: int, alpha: float, arm: str) -> None:
    """Refuse a comparison whose outcome is known beforehand."""
    fewest = math.ceil(1.0 - math.log2(alpha))
    if n < fewest:
        raise BadConfig(
            f"{n} pairs of the arm {arm!r} are too few: even if the policies differed on every "
            f"one, the test could not say so; it takes {fewest} at least, and `vla-sim power` says "
            "how many are worth while"
        )
