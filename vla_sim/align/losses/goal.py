"""Goal regression.

Legend: N rows.
"""

from torch import Tensor
from torch.nn import functional

KNEE = 0.05
"""Below this error [goal scale] the loss is quadratic, above it linear."""


def goal_loss(goal_N3: Tensor, target_N3: Tensor, weight_N: Tensor) -> Tensor:
    """Weighted Huber distance of goal points, in units of the linear part.

    Args:
        goal_N3: Regressed goals in units of the body's goal scale.
        target_N3: True goals in the same units.
        weight_N: >= 0; zero for padding.

    Returns:
        Scalar, about the mean absolute error summed over axes; zero only at the truth.
    """
    error_N = functional.huber_loss(goal_N3, target_N3, reduction="none", delta=KNEE).sum(-1) / KNEE
    return (error_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)
