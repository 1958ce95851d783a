"""How well scores tell two kinds apart."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

from vla_sim.errors import BadConfig
from vla_sim.records.reports import Estimate


def auroc(scores: ArrayLike, positive: ArrayLike) -> Estimate:
    """The chance that one of the kind scores above one that is not; ties count half.

    Args:
        scores: (n,), higher for what should be found.
        positive: bool (n,), what should be found; both kinds occur.

    Returns:
        With its 95 % interval; n counts all.

    Raises:
        BadConfig: If there is only one kind, or a score is not finite.

    Source:
        R. G. Newcombe, Statistics in Medicine 25 (2006) 559, method 5: the variance of J. A. Hanley
        and B. J. McNeil, Radiology 143 (1982) 29, at the ends of the interval. At the area that was
        found it is 0 where all are told apart, however few they are.
    """
    score = np.asarray(scores, dtype=np.float64).ravel()
    found = np.asarray(positive, dtype=bool).ravel()
    n_one, n_other = int(found.sum()), int((~found).sum())
    if len(score) != len(found) or not n_one or not n_other:
        raise BadConfig(f"an AUROC needs both kinds; there are {n_one} of the one and {n_other}")
    if not np.isfinite(score).all():
        raise BadConfig("an AUROC needs finite scores")
    rank_sum = float(rankdata(score)[found].sum())
    area = (rank_sum - n_one * (n_one + 1) / 2) / (n_one * n_other)
    low, high = _lowest(area, n_one, n_other), 1.0 - _lowest(1.0 - area, n_one, n_other)
    return Estimate(value=area, n=len(score), low=low, high=high)


def auroc_within(scores: ArrayLike, positive: ArrayLike, group: Sequence[str]) -> Estimate | None:
    """The same chance over all pairs of the same group: what groups differ by does not help.

    Groups with many of both kinds have the most pairs, so it tells most of them.

    Args:
        scores: (n,), higher for what should be found.
        positive: bool (n,), what should be found.
        group: (n,), such as a task's name.

    Returns:
        With its 95 % interval, normal, of the variances of the groups' own intervals; n counts
        those in groups with both kinds. None where no group has both.

    Raises:
        BadConfig: If a score is not finite, or the numbers of them differ.
    """
    score, found = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    if not len(score) == len(found) == len(group) or not np.isfinite(score).all():
        raise BadConfig("an AUROC within groups needs a finite score, a kind and a group of each")
    areas, pairs = [], []
    for name in dict.fromkeys(group):
        mine = np.array([other == name for other in group])
        n_one = int(found[mine].sum())
        n_other = int(mine.sum()) - n_one
        if n_one and n_other:
            areas.append(auroc(score[mine], found[mine]))
            pairs.append(n_one * n_other)
    if not areas:
        return None
    share = np.array(pairs) / sum(pairs)
    far = float(norm.ppf(0.975))
    value = float(share @ [area.value for area in areas])
    # The longer side of each: an area of 1 is no more certain upwards than downwards.
    side = np.array([max(area.high - area.value, area.value - area.low) / far for area in areas])
    reach = far * float(np.sqrt((share**2) @ (side**2)))
    return Estimate(
        value=value,
        n=sum(area.n for area in areas),
        low=max(0.0, value - reach),
        high=min(1.0, value + reach),
    )


def _lowest(area: float, n_one: int, n_other: int) -> float:
    """The least true area from which this one is as far as 97.5 % of all are at most."""
    far = float(norm.ppf(0.975))

    def beyond(true: float) -> float:
        more = (n_one + n_other) / 2 - 1
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        return area - true - far * sqrt(true * (1 - true) * spread / (n_one * n_other))

    # An area of 1 is its own end, too, and not the one that is meant.
    return 0.0 if area <= 0.0 else float(brentq(beyond, 0.0, min(area, 1.0 - 1e-9)))
