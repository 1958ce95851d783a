"""Multi-positive InfoNCE: what belongs together shall be most alike.

Legend: N queries, M candidates.
"""

from torch import Tensor

EXCLUDED = -1e9
"""Logit of a candidate that does not count: minus infinity times a target of 0 is no number."""


def contrastive_loss(
    logits_NM: Tensor, positive_NM: Tensor, weight_N: Tensor | None = None
) -> Tensor:
    """Cross-entropy to the positives, above its smallest possible value.

    Robot batches repeat instructions, so a query may have many true candidates; with the diagonal
    as the only truth the loss could not fall below log(repeats). Here the target is spread evenly
    over all positives and its entropy is taken off: zero means perfect.

    Args:
        logits_NM: Similarity times the inverse temperature.
        positive_NM: bool, True where the pair belongs together. Queries without any positive do
            not count.
        weight_N: How much each query counts, >= 0; None for all alike.

    Returns:
        Scalar [nat], >= 0. Of no query with a positive it is no number, which the trainer refuses
        by the term's name: to look for that here would make a GPU wait.

    Source:
        SupCon (arXiv 2004.11362), UniCL (2204.03610); for one positive each, InfoNCE (1807.03748).
    """
    weight_NM = positive_NM.to(logits_NM.dtype)
    count_N = weight_NM.sum(1)
    target_NM = weight_NM / count_N.clamp_min(1.0)[:, None]
    cross_entropy_N = -(target_NM * logits_NM.log_softmax(1)).sum(1)
    counts_N = (count_N > 0).to(logits_NM.dtype)
    if weight_N is not None:
        counts_N = counts_N * weight_N
    excess_N = (cross_entropy_N - count_N.clamp_min(1.0).log()) * counts_N
    return excess_N.sum() / counts_N.sum()


def soft_contrastive_loss(
    logits_NM: Tensor, target_NM: Tensor, weight_N: Tensor | None = None
) -> Tensor:
    """The same where candidates belong to a query more or less.

    Args:
        logits_NM: Similarity times the inverse temperature.
        target_NM: In [0, 1], how much the pair belongs together; each row is scaled to a
            distribution. Queries whose row is 0 do not count.
        weight_N: How much each query counts, >= 0; None for all alike.

    Returns:
        Scalar [nat], >= 0: the Kullback-Leibler divergence from the targets. Of targets that are 0
        or 1 it is `contrastive_loss`, and like it no number where nothing belongs together.

    Source:
        The soft targets of CLASS over the chapter's 5.6; the entropy is taken off as above.
    """
    sum_N = target_NM.sum(1)
    share_NM = target_NM / sum_N.clamp_min(1e-12)[:, None]
    divergence_N = (share_NM.xlogy(share_NM) - share_NM * logits_NM.log_softmax(1)).sum(1)
    counts_N = (sum_N > 0).to(logits_NM.dtype)
    if weight_N is not None:
        counts_N = counts_N * weight_N
    return (divergence_N * counts_N).sum() / counts_N.sum()


def counted(logits_NM: Tensor, count_NM: Tensor) -> Tensor:
    """Logits in whose softmax each candidate counts so many times.

    Args:
        logits_NM: Similarity times the inverse temperature.
        count_NM: >= 0; a candidate of 0 is not there.

    Returns:
        Shape (N, M).
    """
    there_NM = count_NM > 0.0
    more_NM = count_NM.where(there_NM, 1.0).log()
    return (logits_NM + more_NM).masked_fill(~there_NM, EXCLUDED)
