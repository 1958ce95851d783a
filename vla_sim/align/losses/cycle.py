"""Cycle: what two modalities say together shall point at the third.

Legend: N rows, M targets, E embedding.
"""

import torch
from torch import Tensor
from torch.nn import functional


def cycle_loss(
    predicted_NE: Tensor, target_ME: Tensor, inverse_temperature: Tensor, *, first: int = 0
) -> Tensor:
    """InfoNCE of predictions against targets that are held still.

    The chapter's form, a distance with a minus sign, has no lower bound; with a plus sign it is
    won by collapsing both sides onto a point. Held targets and the other rows as negatives rule
    out both.

    Args:
        predicted_NE: Predictions, not yet on the sphere.
        target_ME: Unit vectors; no gradient flows into them.
        inverse_temperature: Scalar, > 0; no gradient flows into it.
        first: Which target the first prediction is of; the next ones are of those that follow.

    Returns:
        Scalar [nat], >= 0.

    Source:
        The cycle of the chapter with stop-gradient targets, in the form of 1807.03748.
    """
    unit_NE = functional.normalize(predicted_NE, dim=-1)
    logits_NM = inverse_temperature.detach() * unit_NE @ target_ME.detach().T
    right_N = torch.arange(first, first + len(unit_NE), device=unit_NE.device)
    return functional.cross_entropy(logits_NM, right_N)
