# ruff: noqa: N815 -- capital suffixes of fields carry tensor shapes, as those of variables do
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
    """What one attention brought back.

    Attributes:
        log_attention_BGS: Logarithm of the attention, a distribution over cells.
        feature_BGC: The attended feature.
        place_BG2: Mean picture position (u, v) under the attention, in [0, 1].
    """

    log_attention_BGS: Tensor
    feature_BGC: Tensor
    place_BG2: Tensor


class GroundedAttention(nn.Module):
    """Single-head attention from sentences to cells.

    One head on purpose: its weights mean "the referent is here", and are taught that. Keys and
    values are read once per picture, whatever the number of sentences.
    """

    centre_S2: Tensor

    def __init__(self, *, n_map: int, n_text: int, n_query: int) -> None:
        super().__init__()
        self.query = nn.Sequential(
            nn.Linear(n_text, 2 * n_query), nn.ReLU(), nn.Linear(2 * n_query, n_query)
        )
        self.key = nn.Linear(n_map, n_query)
        self.scale = n_query**-0.5
        self.register_buffer("centre_S2", cell_centres(), persistent=False)

    def forward(self, map_BSC: Tensor, text_BGD: Tensor) -> Look:
        """Look at each picture with each of its sentences."""
        query_BGQ = self.query(text_BGD) * self.scale
        logits_BGS = query_BGQ @ self.key(map_BSC).transpose(1, 2)
        log_attention_BGS = logits_BGS.log_softmax(-1)
        attention_BGS = log_attention_BGS.exp()
        return Look(
            log_attention_BGS=log_attention_BGS,
            feature_BGC=attention_BGS @ map_BSC,
            place_BG2=attention_BGS @ self.centre_S2,
        )
