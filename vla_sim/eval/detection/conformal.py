"""A threshold that what is normal seldom passes."""

import math

import numpy as np
from numpy.typing import ArrayLike

from vla_sim.errors import BadConfig


def conformal_threshold(scores: ArrayLike, alpha: float) -> float:
    """The threshold that another score of the same kind passes with a chance of at most alpha.

    Args:
        scores: (n,), of episodes that were as they should be, none of which the score was fitted
            on. Exchangeable with the next one.
        alpha: The share of false alarms that is allowed.

    Raises:
        BadConfig: If there are too few scores for this alpha: at least 1 / alpha - 1.

    Source:
        Split conformal prediction, V. Vovk et al., Algorithmic Learning in a Random World (2005);
        of a maximum over time, SAFE (arXiv 2506.09937).
    """
    values = np.sort(np.asarray(scores, dtype=np.float64).ravel())
    require_enough(len(values), alpha)
    return float(values[_place(len(values), alpha) - 1])


def is_enough(n: int, alpha: float) -> bool:
    """Whether so many scores give a threshold."""
    return 0.0 < alpha < 1.0 and _place(n, alpha) <= n


def require_enough(n: int, alpha: float) -> None:
    """Let pass as many scores as give a threshold; what is sure to fail can be said at once.

    Raises:
        BadConfig: If there are too few for this alpha: at least 1 / alpha - 1.
    """
    if not is_enough(n, alpha):
        raise BadConfig(
            f"{n} scenes are too few to allow {100 * alpha:g} % of false alarms; take"
            f" {math.ceil(1.0 / alpha) - 1 if alpha > 0 else 'more'} or more"
        )


def _place(n: int, alpha: float) -> int:
    """Which of n scores in order is the threshold, counted from 1."""
    return math.ceil(round((n + 1) * (1.0 - alpha), 9))  # 150 x .82 is 123, not 124
