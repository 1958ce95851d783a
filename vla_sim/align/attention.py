"""Where to look: a sentence asks the cells of a picture, and the answer is supervised.

Legend: B pictures, G sentences a picture, S = GRID * GRID cells row-major, C map channels,
D text features, Q query size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_sim.records.triple import GRID


def cell_centres() -> Tensor:
    """Picture position (u right, v down) in [0, 1] of each cell's centre, shape (S, 2)."""
    centre = (torch.arange(GRID) + 0.5) / GRID
    v_YX, u_YX = torch.meshgrid(centre, centre, indexing="ij")
    return torch.stack((u_YX, v_YX), dim=-1).reshape(-1, 2)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the questions to a picture brought back.

    Attributes:
        log_attention_BGS: Logarithm of the attention, a distribution over cells.
        feature_BGC: The attended feature.
        place_BG2: Mean picture position (u, v) under the attention, in [0, 1].
        hazard_BS: Logits of "here is something not to be hit".
    """

    log_attention_BGS: Tensor
    feature_BGC: Tensor
    place_BG2: Tensor
    hazard_BS: Tensor


class GroundedAttention(nn.Module):
    """Single-head attention from sentences to cells, and one standing question: what to avoid.

    One head on purpose: its weights mean "the referent is here", and are taught that. The sentence
    is brought into the space of the cells and not the cells into a space of keys: the scores are
    as general, and thousands of cells are left as they are.
    """

    centre_S2: Tensor

    def __init__(self, *, n_map: int, n_text: int, n_query: int) -> None:
        super().__init__()
        self.query = nn.Sequential(nn.Linear(n_text, n_query), nn.ReLU(), nn.Linear(n_query, n_map))
        self.avoid = nn.Parameter(torch.randn(n_map) * n_map**-0.5)
        self.avoid_bias = nn.Parameter(torch.zeros(()))
        self.register_buffer("centre_S2", cell_centres(), persistent=False)

    def forward(self, map_BSC: Tensor, text_BGD: Tensor) -> Look:
        """Look at each picture with each of its sentences."""
        n_pictures, n_goals = text_BGD.shape[:2]
        query_BGC = self.query(text_BGD)
        avoid_B1C = self.avoid.expand(n_pictures, 1, -1)
        # The map on the left: the gradient of the map then comes out in the layout of the map.
        score_BSX = map_BSC @ torch.cat((query_BGC, avoid_B1C), dim=1).transpose(1, 2)
        score_BXS = score_BSX.transpose(1, 2).contiguous()
        log_attention_BGS = score_BXS[:, :n_goals].log_softmax(-1)
        attention_BGS = log_attention_BGS.exp()
        return Look(
            log_attention_BGS=log_attention_BGS,
            feature_BGC=attention_BGS @ map_BSC,
            place_BG2=attention_BGS @ self.centre_S2,
            hazard_BS=score_BXS[:, n_goals] + self.avoid_bias,
        )
