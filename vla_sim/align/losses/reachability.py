"""Reachability: whether a point can be reached in time, as a controller with limits knows.

Legend: N rows.
"""

import torch
from torch import Tensor
from torch.nn import functional


def soft_target(slack_s_N: Tensor, softness_s: float) -> Tensor:
    """sigmoid(slack / softness): 1 with time to spare, 1/2 just in time, shape (N,)."""
    return torch.sigmoid(slack_s_N / softness_s)


def reachability_loss(
    logit_N: Tensor,
    slack_s_N: Tensor,
    reachable_N: Tensor,
    weight_N: Tensor,
    *,
    softness_s: float,
    margin: float,
) -> Tensor:
    """Cross-entropy to a soft teacher, above its entropy; for the unreachable a hinge alone.

    Just in time and just too late are one thing to a body with a tremor: the target says so, with
    the softness as its temperature. A point that cannot be reached at all has no time to be drawn
    to; it only has to stay under the margin.

    Args:
        logit_N: Of the point being reached in time.
        slack_s_N: Time allowed less the least time that the limits admit [s]; not read where the
            point is unreachable.
        reachable_N: bool.
        weight_N: >= 0, how much each row counts. Classes are balanced by which times are asked for,
            not by weights, which would leave the logits uncalibrated.
        softness_s: [s].
        margin: The logit of what is unreachable shall be under -margin.

    Returns:
        Scalar [nat], >= 0; zero where nothing counts.

    Source:
        Distillation, arXiv 1503.02531, in the form of FORMULAS 11.
    """
    slack_s_N = torch.where(reachable_N, slack_s_N, torch.zeros_like(slack_s_N))
    target_N = soft_target(slack_s_N, softness_s)
    softened_N = functional.binary_cross_entropy_with_logits(logit_N, target_N, reduction="none")
    # The teacher's own doubt is no fault of the student's: zero means that they agree.
    log_odds_N = slack_s_N / softness_s
    doubt_N = functional.binary_cross_entropy_with_logits(log_odds_N, target_N, reduction="none")
    hinge_N = (logit_N + margin).clamp_min(0.0)
    each_N = torch.where(reachable_N, softened_N - doubt_N, hinge_N)
    return (each_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)
