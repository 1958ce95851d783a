"""A look at the gradients: which way the groups of losses pull, and what each term weighs.

Legend: T groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class GradientLook:
    """What was seen at one update.

    Attributes:
        angles: {"group/group": angle between their gradients at the shared representation [deg]};
            above 90 they work against each other.
        norms: {group: length of its gradient there}.
        weights: {term: what its weight is multiplied with}, where weights are learnt.
        sigmas: {term: its standard deviation}, where weights follow uncertainty.
    """

    angles: Mapping[str, float]
    norms: Mapping[str, float]
    weights: Mapping[str, float] = field(default_factory=dict)
    sigmas: Mapping[str, float] = field(default_factory=dict)


def angles_deg(gram_TT: NDArray[np.float64], names: Sequence[str]) -> dict[str, float]:
    """Angle of each pair of gradients; pairs of which one is nothing have none.

    Args:
        gram_TT: <g_i, g_j>.
        names: Of the groups.
    """
    length_T = np.sqrt(np.diag(gram_TT).clip(0.0))
    angles = {}
    for i, j in combinations(range(len(names)), 2):
        if length_T[i] > 0.0 < length_T[j]:
            cosine = np.clip(gram_TT[i, j] / (length_T[i] * length_T[j]), -1.0, 1.0)
            angles[f"{names[i]}/{names[j]}"] = float(np.degrees(np.arccos(cosine)))
    return angles


def conflict_share(gram_TT: NDArray[np.float64]) -> float:
    """Share of the pairs of gradients that point against each other."""
    n = len(gram_TT)
    return float((gram_TT < 0.0).sum()) / (n * (n - 1)) if n > 1 else 0.0
