"""Balance: no modality shall decide alone.

Legend: N rows, E embedding.
"""

import math

import torch
from torch import Tensor

SMALLEST = 1e-6
"""A change of this size counts as none: then there is no share to speak of."""


def change(state_NE: Tensor, other_NE: Tensor) -> Tensor:
    """How far states move when one modality is somebody else's: mean of 1 - cos, in [0, 2]."""
    return (1.0 - torch.nn.functional.cosine_similarity(state_NE, other_NE, dim=-1)).mean()


def balance_entropy(first: Tensor, second: Tensor) -> Tensor:
    """Entropy of the two modalities' shares in what moves the state, in units of log 2: 0 to 1.

    Args:
        first: `change` when the first modality is swapped.
        second: The same of the second.
    """
    total = (first + second).clamp_min(SMALLEST)
    share_2 = torch.stack((first, second)).clamp_min(SMALLEST) / total
    return -(share_2 * share_2.log()).sum() / math.log(2.0)


def balance_loss(first: Tensor, second: Tensor, *, floor: float) -> Tensor:
    """How far the entropy of the shares lies under a floor.

    A state that one modality decides alone has entropy 0: swapping the other changes nothing, which
    is how the chapter tells collapse. Above the floor nothing is asked: modalities need not weigh
    the same.

    Args:
        first: `change` when the first modality is swapped.
        second: The same of the second.
        floor: The least entropy, in units of log 2.

    Returns:
        Scalar in [0, floor].

    Source:
        FORMULAS 8 (entropy floor against collapse), taken of measured influence instead of a gate,
        since most fusions have none.
    """
    return (floor - balance_entropy(first, second)).clamp_min(0.0)
