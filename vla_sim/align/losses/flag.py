"""Flags: what is so or is not.

Legend: N rows, in any shape.
"""

from torch import Tensor
from torch.nn import functional


def flag_loss(logit_N: Tensor, target_N: Tensor, weight_N: Tensor) -> Tensor:
    """Weighted cross-entropy of flags.

    Args:
        logit_N: Logits of the flags being up.
        target_N: 1 where they are, 0 where they are not.
        weight_N: >= 0; zero for padding.

    Returns:
        Scalar [nat], >= 0.
    """
    loss_N = functional.binary_cross_entropy_with_logits(logit_N, target_N, reduction="none")
    return (loss_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)
