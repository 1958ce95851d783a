"""How well scores tell two kinds apart."""

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


def _lowest(area: float, n_one: int, n_other: int) -> float:
    """The least true area from which this one is as far as 97.5 % of all are at most."""
    far = float(norm.ppf(0.975))

    def beyond(true: float) -> float:
        more = (n_one + n_other) / 2 - 1
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        return area - true - far * sqrt(true * (1 - true) * spread / (n_one * n_other))

    # An area of 1 is its own end, too, and not the one that is meant.
    return 0.0 if area <= 0.0 else float(brentq(beyond, 0.0, min(area, 1.0 - 1e-9)))
