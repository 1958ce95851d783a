"""Behaviour cloning of chunks.

Legend: N rows, K chunk steps, A action components.
"""

from torch import Tensor
from torch.nn import functional

KNEE = 0.1
"""Below this error [normalised action] the loss is quadratic, above it linear."""


def behaviour_loss(chunk_NKA: Tensor, expert_NKA: Tensor, weight_NKA: Tensor) -> Tensor:
    """Weighted Huber distance to the expert's chunk, in units of the linear part.

    Linear far out, because experts switch between extremes (a gripper closes or does not) and a
    squared error would settle for the mean of both.

    Args:
        chunk_NKA: Decoded normalised actions.
        expert_NKA: The expert's, in [-1, 1].
        weight_NKA: >= 0; zero for padding. Broadcast to the shape of the chunk.

    Returns:
        Scalar, about the mean absolute error; zero only where the chunk is the expert's.
    """
    error_NKA = functional.huber_loss(chunk_NKA, expert_NKA, reduction="none", delta=KNEE) / KNEE
    weight_NKA = weight_NKA.expand_as(error_NKA)
    return (error_NKA * weight_NKA).sum() / weight_NKA.sum().clamp_min(1e-6)
