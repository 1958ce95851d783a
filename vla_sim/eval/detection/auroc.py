"""How well scores tell two kinds apart."""

import numpy as np
from numpy.typing import ArrayLike
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
        J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29, for the standard error.
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
    q_one, q_other = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area) + (n_one - 1) * (q_one - area**2) + (n_other - 1) * (q_other - area**2)
    ) / (n_one * n_other)
    half = float(norm.ppf(0.975)) * max(variance, 0.0) ** 0.5
    return Estimate(value=area, n=len(score), low=max(0.0, area - half), high=min(1.0, area + half))
