"""Comparison: an arm beside its base, paired seed by seed, and what may be said of it.

Two things scatter. Trained again from another seed, an arm does otherwise: the interval over seeds
has that in it, and it is the one that says what a change of the recipe is worth. Asked about other
scenes, the same models do otherwise: the interval over episodes has that in it, and it alone says
only that *these* models differ. An arm is said to help or hurt where both leave 0 out.

Cells count episodes, so that seeds may agree to the last one by chance. That is no proof of how
little they scatter: what rounding to an episode does to a difference, they scatter at least.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from vla_sim.eval.multiplicity import holm
from vla_sim.eval.statistics import mean_of_few, paired_difference
from vla_sim.loop.studying.cell_values import CellValues
from vla_sim.loop.studying.measured import TRUE_WORDS
from vla_sim.loop.studying.measures import MEASURES, SUCCESS, Measure
from vla_sim.records.reports import Estimate

Verdict = Literal["helps", "hurts", "not shown to differ"]
Cells = Mapping[int, CellValues]
"""{training seed: what came of it}."""
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A measure over seeds.

    Attributes:
        by_seed: Each of them.
        mean: Over seeds.
        sd: Standard deviation over seeds; None for one of them.
        worst: The seed that did worst; the least where more is neither better nor worse.
    """

    by_seed: Mapping[int, float]
    mean: float
    sd: float | None
    worst: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """An arm less its base, of one measure.

    Attributes:
        by_seed: Differences of the seeds that both have.
        seeds: Their mean with Student's interval; None for one seed, which has none.
        episodes: Of success, the difference over all episodes that both ran, with Newcombe's
            interval; None of other measures.
        p_value: That the seeds' mean is 0, raised for the number of arms; None for one seed.
        verdict: What may be said.
    """

    by_seed: Mapping[int, float]
    seeds: Estimate | None
    episodes: Estimate | None
    p_value: float | None
    verdict: Verdict

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(list(self.by_seed.values())))

    @property
    def survives(self) -> bool:
        """The seeds alone show it even when the number of arms is paid for."""
        return self.p_value is not None and self.p_value <= ALPHA

    @property
    def only_these_models(self) -> bool:
        """The episodes tell these models apart, and the seeds do not say that others would be."""
        told_apart = self.episodes is not None and _sign(self.episodes) != 0
        return told_apart and self.verdict == "not shown to differ"


def spread(cells: Cells, measure: Measure) -> Spread | None:
    """A measure over seeds; None where no cell has it."""
    found = {seed: value for seed, cell in cells.items() if (value := measure.of(cell)) is not None}
    if not found:
        return None
    numbers = list(found.values())
    return Spread(
        by_seed=found,
        mean=float(np.mean(numbers)),
        sd=float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None,
        worst=max(numbers) if measure.better < 0 else min(numbers),
    )


def compare(cells: Cells, base: Cells, name: str) -> Comparison | None:
    """An arm less its base, of the measure of that name; None where they share no seed."""
    measure = MEASURES[name]
    by_seed = {
        seed: one - two
        for seed in sorted(cells.keys() & base.keys())
        if (one := measure.of(cells[seed])) is not None
        and (two := measure.of(base[seed])) is not None
    }
    if not by_seed:
        return None
    step = max(measure.step(cell) for seed in by_seed for cell in (cells[seed], base[seed]))
    least_sd = step / math.sqrt(6.0)  # each of the two is rounded, with step / sqrt(12)
    differences = list(by_seed.values())
    few = mean_of_few(differences, least_sd=least_sd) if len(by_seed) > 1 else None
    episodes = _over_episodes(cells, base, list(by_seed)) if name == SUCCESS else None
    return Comparison(
        by_seed=by_seed,
        seeds=None if few is None else few.estimate,
        episodes=episodes,
        p_value=None if few is None else few.p_value,
        verdict=_verdict(measure, None if few is None else few.estimate, episodes),
    )


def paid_for(comparisons: Mapping[str, Comparison], *, n_arms: int) -> dict[str, Comparison]:
    """The same with p values raised for the number of arms, by Holm's procedure.

    Arms that are still to be measured count as well: what a page says of those that are there is
    not taken back when they come.
    """
    known = [name for name, made in comparisons.items() if made.p_value is not None]
    p_values = [made.p_value for made in comparisons.values() if made.p_value is not None]
    missing = [1.0] * (n_arms - len(known))
    raised = dict(zip(known, holm([*p_values, *missing]).tolist(), strict=False))
    return {name: replace(made, p_value=raised.get(name)) for name, made in comparisons.items()}


def _over_episodes(cells: Cells, base: Cells, seeds: Sequence[int]) -> Estimate | None:
    """Success over the episodes that both ran; scenes of a task are the same for every model."""
    first, second = "", ""
    for seed in seeds:
        for task_id, by_told in cells[seed].tasks.items():
            if task_id not in base[seed].tasks:
                continue
            one, two = by_told[TRUE_WORDS], base[seed].tasks[task_id][TRUE_WORDS]
            n = min(one.n, two.n)  # the first scenes of each are the same
            first, second = first + one.outcomes[:n], second + two.outcomes[:n]
    if not first:
        return None
    return paired_difference([x == "1" for x in first], [x == "1" for x in second])


def _verdict(measure: Measure, seeds: Estimate | None, episodes: Estimate | None) -> Verdict:
    if seeds is None or not measure.better:
        return "not shown to differ"
    sign = _sign(seeds)
    if not sign or (episodes is not None and _sign(episodes) != sign):
        return "not shown to differ"
    return "helps" if sign == measure.better else "hurts"


def _sign(estimate: Estimate) -> int:
    """1 or -1 where the interval leaves 0 out, else 0."""
    return int(estimate.low > 0.0) - int(estimate.high < 0.0)
