"""Whether slow manners are slower than quick ones."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.eval.across.number import Attempts
from vla_sim.eval.body import Body
from vla_sim.eval.metrics.typical_speed import typical_speed
from vla_sim.eval.statistics import bootstrap_mean
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate


def manner_ordering(episodes: Attempts, bodies: Mapping[str, Body]) -> Estimate | None:
    """Share of pairs of episodes of a task whose speeds stand as their manners ask.

    Pairs are those whose manners have bands of speed with different middles; equal speeds count
    half. 1 is a perfect order, a half is chance. The mean is over episodes, each with the share of
    its own pairs, so n counts episodes that have one. None where no two manners can be compared.

    Source:
        The common-language effect size, McGraw and Wong 1992, over pairs of manners.
    """
    shares: list[float] = []
    for task_id in sorted({episode.spec.task_id for episode in episodes}):
        body = bodies[task_id]
        mine = [episode for episode in episodes if episode.spec.task_id == task_id]
        speed = np.array([_speed(episode, body) for episode in mine])
        bands = [body.manners[episode.spec.manner].typical_speed_band for episode in mine]
        asked = np.array([np.mean(band) for band in bands])
        moved = np.isfinite(speed)
        shares += _shares(speed[moved], asked[moved])
    return bootstrap_mean(shares) if shares else None


def _speed(attempt: Episode | EpisodeRow, body: Body) -> float:
    """How fast it went [m/s]; NaN where it did not move."""
    if isinstance(attempt, EpisodeRow):
        return attempt.metrics["typical_speed"]
    return typical_speed(attempt, body)


def _shares(speed: NDArray[np.float64], asked: NDArray[np.float64]) -> list[float]:
    """Of each episode that has a pair: how many of its pairs are in order."""
    wanted = np.sign(asked[:, None] - asked)
    agrees = 0.5 * (1.0 + wanted * np.sign(speed[:, None] - speed))
    n_pairs = (wanted != 0.0).sum(axis=1)
    in_order = np.where(wanted != 0.0, agrees, 0.0).sum(axis=1)
    return [float(a / n) for a, n in zip(in_order, n_pairs, strict=True) if n]
