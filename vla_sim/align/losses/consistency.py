"""Consistency: what ought to be the same from two views shall be.

Legend: N rows, X components.
"""

import torch
from torch import Tensor
from torch.nn import functional


def cosine_distance(value_NX: Tensor, target_NX: Tensor) -> Tensor:
    """1 - cos of each row and its target, in [0, 2], shape (N,); no gradient flows to targets."""
    return 1.0 - functional.cosine_similarity(value_NX, target_NX.detach(), dim=-1)


def squared_distance(value_NX: Tensor, target_NX: Tensor) -> Tensor:
    """Mean square of each row's difference from its target, shape (N,); targets are held still."""
    return (value_NX - target_NX.detach()).square().mean(-1)


def consistency_loss(distance_N: Tensor, weight_N: Tensor) -> Tensor:
    """The weighted mean of distances to held targets.

    Held, because two views that are drawn to each other meet soonest where everything is the same.
    By itself it is still won so: it stands beside a loss that tells things apart.

    Args:
        distance_N: From `cosine_distance` or `squared_distance`.
        weight_N: >= 0, how much each row counts.

    Returns:
        Scalar, >= 0; zero where nothing counts.

    Source:
        FORMULAS 26; the stop-gradient is that of BYOL (arXiv 2006.07733) and FixMatch (2001.07685).
    """
    return (distance_N * weight_N).sum() / weight_N.sum().clamp_min(torch.finfo(weight_N.dtype).eps)
