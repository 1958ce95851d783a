"""Hazard: which cells show something not to be hit.

Legend: N rows, S cells.
"""

from torch import Tensor
from torch.nn import functional


def hazard_loss(logits_NS: Tensor, hazard_NS: Tensor) -> Tensor:
    """Binary cross-entropy of each cell, the rare marked cells lifted to an even say.

    Args:
        logits_NS: Logits of "there is something not to be hit here".
        hazard_NS: The truth, in [0, 1].

    Returns:
        Scalar [nat], >= 0. Without any marked cell in the batch only the others count.
    """
    truth_NS = hazard_NS
    share = truth_NS.mean()
    # Capped: a single marked cell among thousands shall not outweigh all others.
    lift = ((1.0 - share) / share.clamp_min(1e-6)).clamp(1.0, 4.0)
    weight_NS = 1.0 + (lift - 1.0) * truth_NS
    error_NS = functional.binary_cross_entropy_with_logits(logits_NS, truth_NS, reduction="none")
    return (error_NS * weight_NS).sum() / weight_NS.sum()
