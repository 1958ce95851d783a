"""Behaviour cloning of chunks, by one proposal or by several of which one may be right.

Legend: N rows, M modes, K chunk steps, A action components.
"""

from torch import Tensor
from torch.nn import functional

KNEE = 0.1
"""Below this error [normalised action] the loss is quadratic, above it linear."""
SHARPNESS = 0.1
"""Error, summed over components, at which a mode loses its claim on a row to a better one: well
above what is learnt to, well below what tells passing on the left from passing on the right."""


def behaviour_loss(
    chunk_NMKA: Tensor,
    log_share_NM: Tensor,
    expert_NKA: Tensor,
    weight_N: Tensor,
    worth_NA: Tensor,
) -> Tensor:
    """Negative log-likelihood of the expert's chunk, in units of the linear part of the error.

    The error of a mode is a Huber distance, summed over components and the mean over steps: linear
    far out, because experts switch between extremes (a gripper closes or does not) and a squared
    error would settle for the mean of both. Several modes, because experts choose between ways, to
    the left or to the right of an obstacle, and a single answer would settle for the way between.

    Args:
        chunk_NMKA: Decoded normalised actions of each mode.
        log_share_NM: Logarithm of each mode's probability.
        expert_NKA: The expert's, in [-1, 1].
        weight_N: >= 0, how much each row counts.
        worth_NA: What an error of each component counts, in what the knee is said in; 0 where a
            row's body lacks the component.

    Returns:
        Scalar. With one mode it is about the mean absolute error, zero only where the chunk is the
        expert's; with several, the same of the mode that is right, and what choosing it costs.
    """
    expert_NMKA = (expert_NKA * worth_NA[:, None]).unsqueeze(1).expand_as(chunk_NMKA)
    counted_NMKA = chunk_NMKA * worth_NA[:, None, None]
    error_NMKA = functional.huber_loss(counted_NMKA, expert_NMKA, reduction="none", delta=KNEE)
    error_NM = (error_NMKA / KNEE).sum(-1).mean(-1)
    surprise_N = -SHARPNESS * (log_share_NM - error_NM / SHARPNESS).logsumexp(-1)
    n_components = (weight_N * (worth_NA > 0.0).sum(-1)).sum()
    return (surprise_N * weight_N).sum() / n_components.clamp_min(1e-6)
