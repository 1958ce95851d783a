"""How far the paths that were taken are from the expert's in the same scenes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.body import Body
from vla_sim.eval.statistics import bootstrap_mean
from vla_sim.records.episode import Episode
from vla_sim.records.reports import Estimate

Floats = NDArray[np.floating]


def average_displacement(path: Floats, expert: Floats) -> float:
    """Mean distance of two paths (k, d) at equal times, as long as both last.

    Raises:
        BadConfig: If a path is empty, or their points have different numbers of components.

    Source:
        ADE, Alahi et al., CVPR 2016.
    """
    _check(path, expert)
    n = min(len(path), len(expert))
    return float(np.linalg.norm(path[:n] - expert[:n], axis=1).mean())


def final_displacement(path: Floats, expert: Floats) -> float:
    """Distance of the last points of two paths (k, d), each at its own end.

    Raises:
        BadConfig: As of `average_displacement`.

    Source:
        FDE, Alahi et al., CVPR 2016.
    """
    _check(path, expert)
    return float(np.linalg.norm(path[-1] - expert[-1]))


def warped_distance(path: Floats, expert: Floats) -> float:
    """Mean distance of two paths (k, d) along their cheapest warping: a delay costs nothing.

    The sum over the cheapest walk by the points of the longer path.

    Raises:
        BadConfig: As of `average_displacement`.

    Source:
        DTW, Sakoe and Chiba 1978, the symmetric form without weights.
    """
    _check(path, expert)
    cost = np.linalg.norm(path[:, None] - expert, axis=2)
    n, m = cost.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(n + m - 1):  # cells of one are free of each other
        i = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        j = diagonal - i
        cheapest = np.minimum(np.minimum(total[i, j + 1], total[i + 1, j]), total[i, j])
        total[i + 1, j + 1] = cost[i, j] + cheapest
    return float(total[n, m] / max(n, m))


def expert_ade(episodes: Sequence[Episode], bodies: Mapping[str, Body]) -> Estimate | None:
    """Average displacement of the controlled point from the expert's [m], mean over scenes."""
    return _mean(episodes, average_displacement)


def expert_fde(episodes: Sequence[Episode], bodies: Mapping[str, Body]) -> Estimate | None:
    """Final displacement of the controlled point from the expert's [m], mean over scenes."""
    return _mean(episodes, final_displacement)


def expert_dtw(episodes: Sequence[Episode], bodies: Mapping[str, Body]) -> Estimate | None:
    """Warped distance of the controlled point's path from the expert's [m], mean over scenes."""
    return _mean(episodes, warped_distance)


def _mean(episodes: Sequence[Episode], of: Callable[[Floats, Floats], float]) -> Estimate | None:
    values = [of(a.point, b.point) for a, b in _pairs(episodes)]
    return bootstrap_mean(values) if values else None


def _pairs(episodes: Sequence[Episode]) -> Iterator[tuple[Episode, Episode]]:
    """Each policy's episode with the expert's of the same plan, whatever the policy was told."""
    expert = {replace(e.spec, arm="correct"): e for e in episodes if e.role == "teacher"}
    for episode in episodes:
        other = expert.get(replace(episode.spec, arm="correct"))
        if episode.role == "teacher" or other is None or episode.diverged or other.diverged:
            continue
        yield episode, other


def _check(path: Floats, expert: Floats) -> None:
    if len(path) == 0 or len(expert) == 0 or path.shape[1:] != expert.shape[1:]:
        raise BadConfig(
            f"paths of shapes {path.shape} and {expert.shape} cannot be compared: both are (k, d) "
            "with k >= 1 and one d"
        )
