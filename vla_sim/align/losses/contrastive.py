"""Multi-positive InfoNCE: what belongs together shall be most alike.

Legend: N queries, M candidates.
"""

from torch import Tensor


def contrastive_loss(logits_NM: Tensor, positive_NM: Tensor) -> Tensor:
    """Cross-entropy to the positives, above its smallest possible value.

    Robot batches repeat instructions, so a query may have many true candidates; with the diagonal
    as the only truth the loss could not fall below log(repeats). Here the target is spread evenly
    over all positives and its entropy is taken off: zero means perfect.

    Args:
        logits_NM: Similarity times the inverse temperature.
        positive_NM: bool, True where the pair belongs together. Queries without any positive do
            not count.

    Returns:
        Scalar [nat], >= 0.

    Source:
        SupCon (arXiv 2004.11362), UniCL (2204.03610); for one positive each, InfoNCE (1807.03748).
    """
    weight_NM = positive_NM.to(logits_NM.dtype)
    count_N = weight_NM.sum(1)
    target_NM = weight_NM / count_N.clamp_min(1.0)[:, None]
    cross_entropy_N = -(target_NM * logits_NM.log_softmax(1)).sum(1)
    counts_N = (count_N > 0).to(logits_NM.dtype)
    excess_N = (cross_entropy_N - count_N.clamp_min(1.0).log()) * counts_N
    return excess_N.sum() / counts_N.sum().clamp_min(1.0)
