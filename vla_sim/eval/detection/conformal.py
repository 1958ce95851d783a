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
    place = math.ceil((len(values) + 1) * (1.0 - alpha))
    if not 0.0 < alpha < 1.0 or place > len(values):
        raise BadConfig(
            f"{len(values)} episodes are too few to allow {alpha:.0%} of false alarms; take"
            f" {math.ceil(1.0 / alpha) - 1 if alpha > 0 else 'more'} or more"
        )
    return float(values[place - 1])
