"""Triple: the three vectors of one episode lie in one cone, and in no other's.

Legend: N rows, E embedding.
"""

import torch
from torch import Tensor

from vla_sim.align.losses.contrastive import contrastive_loss


def closeness(first_NE: Tensor, second_NE: Tensor, third_NE: Tensor) -> Tensor:
    """Mean of the three pairwise cosines of each row, shape (N,), from -1/2 to 1.

    With rho the length of the mean of three unit vectors it is (3 rho^2 - 1) / 2. It keeps signs: a
    volume (GRAM) is 0 as soon as two of the three coincide, and has no gradient there.
    """
    rho_N: Tensor = (first_NE + second_NE + third_NE).norm(dim=-1) / 3.0
    return (3.0 * rho_N.square() - 1.0) / 2.0


def triple_loss(
    vision_NE: Tensor,
    text_NE: Tensor,
    action_NE: Tensor,
    same_text_NN: Tensor,
    inverse_temperature: Tensor,
    weight_N: Tensor | None = None,
) -> Tensor:
    """Of all rows, each modality's own shall close the triple best.

    The logit of vector i of one modality in the triple of row j is the `closeness` of the three,
    three times over, so that its spread is that of a pair's cosine. It is contrasted over the rows
    both ways: which vector belongs to these two, and which two belong to this vector.

    Args:
        vision_NE: Unit vectors.
        text_NE: Unit vectors.
        action_NE: Unit vectors.
        same_text_NN: bool, True where two rows mean the same: their sentences may stand for each
            other, their pictures and actions may not.
        inverse_temperature: Scalar, > 0; no gradient flows into it.
        weight_N: How much each row counts, >= 0; None for all alike.

    Returns:
        Scalar [nat], >= 0.

    Source:
        Mean pairwise cosine through the length of the mean; contrasted as GRAM (arXiv 2412.11959)
        contrasts volumes. See decision 0028.
    """
    own_NN = torch.eye(len(text_NE), dtype=torch.bool, device=text_NE.device)
    vectors = (vision_NE, text_NE, action_NE)
    positives = (own_NN, same_text_NN, own_NN)
    scale = inverse_temperature.detach()
    both: list[Tensor] = []
    for place, positive_NN in enumerate(positives):
        asked_NE = vectors[place]
        one_NE, other_NE = (vectors[k] for k in range(3) if k != place)
        # Three times the closeness of (asked i, one j, other j), as three cosines.
        logits_NN = scale * (asked_NE @ (one_NE + other_NE).T + (one_NE * other_NE).sum(-1))
        both += [
            contrastive_loss(logits_NN, positive_NN, weight_N),
            contrastive_loss(logits_NN.T, positive_NN, weight_N),
        ]
    return torch.stack(both).mean()


def narrowest(vision_NE: Tensor, text_NE: Tensor, action_NE: Tensor) -> Tensor:
    """The least of the three pairwise cosines of each row, shape (N,).

    The test of the chapter's cone: all three lie within arccos of it of each other.
    """
    pairs = ((vision_NE, text_NE), (text_NE, action_NE), (vision_NE, action_NE))
    cosine_N3 = torch.stack([(a_NE * b_NE).sum(-1) for a_NE, b_NE in pairs], dim=-1)
    return cosine_N3.amin(-1)
