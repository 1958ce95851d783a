"""SigLIP: each pair by itself is told to be one or none.

Legend: N queries, M candidates.
"""

from torch import Tensor
from torch.nn import functional


def siglip_loss(
    logits_NM: Tensor,
    target_NM: Tensor,
    *,
    count_NM: Tensor | None = None,
    weight_N: Tensor | None = None,
) -> Tensor:
    """Sum over the candidates of the cross-entropy of "these two belong together".

    No softmax: a batch is not normalised over, so a query may have any number of positives, and
    other rows' similarities do not matter to a pair. With y = 2 target - 1 and targets of 0 or 1
    it is the paper's softplus(-y logit); soft targets have their entropy taken off.

    Args:
        logits_NM: Similarity times the inverse temperature, plus the bias.
        target_NM: In [0, 1], how much the pair belongs together.
        count_NM: How many times each pair counts, >= 0; None for once.
        weight_N: How much each query counts, >= 0; None for all alike.

    Returns:
        Scalar [nat a query], >= 0.

    Source:
        arXiv 2303.15343, algorithm 1.
    """
    target_NM = target_NM.to(logits_NM.dtype)
    surprise_NM = functional.binary_cross_entropy_with_logits(
        logits_NM, target_NM, reduction="none"
    )
    rest_NM = 1.0 - target_NM
    surprise_NM = surprise_NM + target_NM.xlogy(target_NM) + rest_NM.xlogy(rest_NM)
    if count_NM is not None:
        surprise_NM = surprise_NM * count_NM
    surprise_N = surprise_NM.sum(1)
    if weight_N is None:
        return surprise_N.mean()
    return (surprise_N * weight_N).sum() / weight_N.sum()


def first_bias(target_NM: Tensor) -> Tensor:
    """The bias at which orthogonal vectors are thought positive as often as pairs are, a scalar.

    Args:
        target_NM: In [0, 1], how much each pair belongs together.

    Source:
        The paper starts from -10 for batches of 32,768, where negatives are about that many times
        as frequent; this is the same law for any batch.
    """
    positives = target_NM.float().sum().clamp_min(1.0)
    return (positives / (target_NM.numel() - positives).clamp_min(1.0)).log()
