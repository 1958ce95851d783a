"""Whether slow manners are slower than quick ones."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.eval.across.number import Attempts
from vla_sim.eval.body import Body
from vla_sim.eval.metrics.typical_speed import typical_speed
from vla_sim.eval.statistics import central, row_blocks
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate

Floats = NDArray[np.float64]
Pairs = tuple[Floats, Floats]
"""Of a task's episodes (n, n): what a pair scores, and 1 where there is a pair; else 0."""
N_RESAMPLES = 2_000


def manner_ordering(episodes: Attempts, bodies: Mapping[str, Body]) -> Estimate | None:
    """Share of pairs of episodes of a task whose speeds stand as their manners ask.

    Pairs are those whose manners have bands of speed with different middles; equal speeds count
    half. 1 is a perfect order, a half is chance. The mean is over episodes, each with the share of
    its own pairs, so n counts episodes that have one. Each episode is in many pairs: the interval
    is the bootstrap's over episodes, drawn task by task, with all of their pairs. None
    where no two manners can be compared.

    Source:
        The common-language effect size, McGraw and Wong 1992, over pairs of manners.
    """
    tables: list[Pairs] = []
    for task_id in sorted({episode.spec.task_id for episode in episodes}):
        body = bodies[task_id]
        mine = [episode for episode in episodes if episode.spec.task_id == task_id]
        speed = np.array([_speed(episode, body) for episode in mine])
        bands = [body.manners[episode.spec.manner].typical_speed_band for episode in mine]
        asked = np.array([np.mean(band) for band in bands])
        moved = np.isfinite(speed)
        pairs = _pairs(speed[moved], asked[moved])
        tables += [pairs] if len(pairs[0]) else []
    n = sum(len(score) for score, _ in tables)
    if n == 0:
        return None
    value = float(_mean_share(tables, [np.ones((1, len(score))) for score, _ in tables])[0])
    low, high = central(_resampled(tables), n)
    return Estimate(value=value, n=n, low=min(value, low), high=max(value, high))


def _speed(attempt: Episode | EpisodeRow, body: Body) -> float:
    """How fast it went [m/s]; NaN where it did not move."""
    if isinstance(attempt, EpisodeRow):
        return attempt.metrics["typical_speed"]
    return typical_speed(attempt, body)


def _pairs(speed: Floats, asked: Floats) -> Pairs:
    """The pairs of those episodes that have one."""
    wanted = np.sign(asked[:, None] - asked)
    score = np.where(wanted != 0.0, 0.5 * (1.0 + wanted * np.sign(speed[:, None] - speed)), 0.0)
    is_pair = np.abs(wanted)
    paired = is_pair.any(axis=1)
    return score[paired][:, paired], is_pair[paired][:, paired]


def _mean_share(tables: Sequence[Pairs], counts: Sequence[Floats]) -> Floats:
    """The mean over episodes (R,), each so many times (R, n of the task) as it was drawn."""
    total, n = np.zeros(len(counts[0])), np.zeros(len(counts[0]))
    for (score, is_pair), times in zip(tables, counts, strict=True):
        n_pairs = times @ is_pair
        share = np.divide(times @ score.T, n_pairs, out=np.zeros_like(times), where=n_pairs > 0)
        total += (times * share).sum(axis=1)
        n += (times * (n_pairs > 0)).sum(axis=1)
    return np.asarray(total[n > 0] / n[n > 0], dtype=np.float64)


def _resampled(tables: Sequence[Pairs], seed: int = 20_240_601) -> Floats:
    """The mean of resamples; one in which no two manners can be compared has none."""
    rng = np.random.default_rng(seed)
    sizes = [len(score) for score, _ in tables]
    means = []
    for n_rows in row_blocks(N_RESAMPLES, sum(sizes)):
        drawn = [rng.multinomial(n, np.full(n, 1.0 / n), size=n_rows) for n in sizes]
        means.append(_mean_share(tables, [times.astype(np.float64) for times in drawn]))
    return np.concatenate(means)
