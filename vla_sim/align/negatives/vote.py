"""The mutual vote: what two of the three similarities doubt counts less.

Legend: N rows, E embedding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from vla_sim.ranges import within


@dataclass(frozen=True, kw_only=True)
class VoteConfig:
    """Settings of the vote."""

    floor: float = 1.0
    """How much a row counts that loses every vote, of one that wins all; 1 for no vote."""

    def __post_init__(self) -> None:
        within(0, 1, floor=self.floor)


@torch.no_grad()
def vote(
    vision_NE: Tensor, text_NE: Tensor, action_NE: Tensor, same_NN: Tensor, *, floor: float
) -> Tensor:
    """How much each row counts, from `floor` to 1, shape (N,).

    Each of the three similarities says which share of the other meanings a row's own pair beats,
    asked from both sides. The middle one of the three decides: where one modality is weak, the
    other two outvote it, and where one is wrong (a sentence that belongs elsewhere), the two
    similarities that it takes part in agree.

    Args:
        vision_NE: Unit vectors.
        text_NE: Unit vectors.
        action_NE: Unit vectors.
        same_NN: bool, where two rows mean the same: they do not compete.
        floor: Of the weights.

    Source:
        The chapter's 5.7, "mutual vote"; the median is ours, see decision 0028.
    """
    others_NN = (~same_NN).to(vision_NE.dtype)
    n_others_N = others_NN.sum(1)
    shares = []
    pairs = ((vision_NE, text_NE), (text_NE, action_NE), (vision_NE, action_NE))
    for first_NE, second_NE in pairs:
        cosine_NN = first_NE @ second_NE.T
        own_N = cosine_NN.diagonal()
        beaten_NN = (own_N[:, None] > cosine_NN).to(others_NN.dtype)
        beaten_NN = beaten_NN + (own_N[:, None] > cosine_NN.T).to(others_NN.dtype)
        shares.append((beaten_NN * others_NN).sum(1) / (2.0 * n_others_N).clamp_min(1.0))
    share_N = torch.stack(shares).median(0).values
    # Who has nobody to compete with has won nothing and lost nothing.
    share_N = torch.where(n_others_N > 0.0, share_N, 1.0)
    weight_N = floor + (1.0 - floor) * share_N
    # Of few rows all may be doubted: then they count alike, for a mean over nobody is no number.
    return torch.where(weight_N.sum() > 0.0, weight_N, 1.0)
