"""Semi-hard negatives: near enough to be mistaken, and not yet mistaken.

Legend: N queries, M candidates.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vla_sim.ranges import at_least, whole


@dataclass(frozen=True, kw_only=True)
class SemiHardConfig:
    """Which negatives count more than once."""

    margin: float = 0.0
    """Cosine below that of a query's positives within which a negative is semi-hard; 0 for none."""
    boost: float = 4.0
    """How many times it counts then."""
    reach: int = 1
    """Parts (intent, manner, a colour, a shape, a relation, ...) in which the meaning of a negative
    may differ to be a neighbour: only neighbours, and the other goals of a moment's own picture,
    are mined."""

    def __post_init__(self) -> None:
        at_least(0, margin=self.margin)
        at_least(1, boost=self.boost)
        whole(1, reach=self.reach)


@torch.no_grad()
def semi_hard(cosine_NM: Tensor, positive_NM: Tensor, near_NM: Tensor, *, margin: float) -> Tensor:
    """Which candidates lie less than a margin below a query's positives, bool (N, M).

    What is above them is left as it is: it is pushed away already, by the loss itself.

    Args:
        cosine_NM: Similarities.
        positive_NM: bool, or in [0, 1]: what belongs together at all is never mined. Each query is
            compared with the mean of its own.
        near_NM: bool, who may be mined.
        margin: Cosine.

    Source:
        FaceNet (arXiv 1503.03832), section 3.2.
    """
    weight_NM = positive_NM.to(cosine_NM.dtype)
    own_N = (cosine_NM * weight_NM).sum(1) / weight_NM.sum(1).clamp_min(1e-6)
    in_band_NM = (cosine_NM < own_N[:, None]) & (cosine_NM > own_N[:, None] - margin)
    return in_band_NM & near_NM & (weight_NM == 0.0)
