"""Where to look: a sentence asks the cells of a picture, and the answer is supervised.

Legend: B pictures, G sentences a picture, Q queries a sentence, S = GRID * GRID cells row-major,
C map channels, D text features, X what is known of the body, or hidden units.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_sim.records.triple import GRID, N_QUERIES


def cell_centres() -> Tensor:
    """Picture position (u right, v down) in [0, 1] of each cell's centre, shape (S, 2)."""
    centre = (torch.arange(GRID) + 0.5) / GRID
    v_YX, u_YX = torch.meshgrid(centre, centre, indexing="ij")
    return torch.stack((u_YX, v_YX), dim=-1).reshape(-1, 2)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the questions to a picture brought back.

    Attributes:
        log_attention_BGQS: Logarithm of the attention, a distribution over cells.
        feature_BGQC: The attended features.
        place_BGQ2: Mean picture positions (u, v) under the attention, in [0, 1].
        peak_BGQ: Score of the cell that answers best. Attention says which cell that is, and not
            whether it answers at all; nothing is taught by this.
        hazard_BS: Logits of "here is something not to be hit".
    """

    log_attention_BGQS: Tensor
    feature_BGQC: Tensor
    place_BGQ2: Tensor
    peak_BGQ: Tensor
    hazard_BS: Tensor


class GroundedAttention(nn.Module):
    """Single-head attention from sentences to cells, and one standing question: what to avoid.

    One head a query on purpose: its weights mean "what was asked for is here", and are taught that.
    The queries share what they make of a sentence. Where the body is counts too: which of two
    things is the next one, and which stretch of a path, depends on it. The sentence is brought into
    the space of the cells and not the cells into a space of keys: the scores are as general, and
    thousands of cells are left as they are.

    A second glance asks again, knowing what all queries found by the first (memory networks with
    several hops, arXiv 1503.08895): which of two things is to be looked at may depend on where the
    other lies, and no cell shows that by itself. What the last glance found is what counts.
    """

    centre_S2: Tensor

    def __init__(
        self, *, n_map: int, n_text: int, n_known: int, n_query: int, n_glances: int
    ) -> None:
        super().__init__()
        self.n_glances = n_glances
        self.words = nn.Linear(n_text, n_query)
        self.whereabouts = nn.Linear(n_known, n_query, bias=False)
        nn.init.zeros_(self.whereabouts.weight)  # words come first
        self.query = nn.Linear(n_query, N_QUERIES * n_map)
        self.avoid = nn.Parameter(torch.randn(n_map) * n_map**-0.5)
        self.avoid_bias = nn.Parameter(torch.zeros(()))
        self.register_buffer("centre_S2", cell_centres(), persistent=False)
        self.found: nn.Linear | None = None
        if n_glances > 1:
            self.found = nn.Linear(N_QUERIES * (n_map + 2), n_query, bias=False)
            nn.init.zeros_(self.found.weight)  # as with one glance, until it helps

    def forward(self, map_BSC: Tensor, text_BGD: Tensor, known_BX: Tensor) -> Look:
        """Look at each picture with each of its sentences, from where the body is."""
        asked_BGX = self.words(text_BGD) + self.whereabouts(known_BX).unsqueeze(1)
        look = self._glance(map_BSC, asked_BGX)
        for _ in range(self.n_glances - 1):
            assert self.found is not None
            found_BGQX = torch.cat((look.feature_BGQC, look.place_BGQ2), dim=-1)
            look = self._glance(map_BSC, asked_BGX + self.found(found_BGQX.flatten(2)))
        return look

    def _glance(self, map_BSC: Tensor, asked_BGX: Tensor) -> Look:
        n_pictures, n_goals = asked_BGX.shape[:2]
        query_BYC = self.query(asked_BGX.relu()).view(n_pictures, n_goals * N_QUERIES, -1)
        avoid_B1C = self.avoid.expand(n_pictures, 1, -1)
        # The map on the left: the gradient of the map then comes out in the layout of the map.
        score_BSY = map_BSC @ torch.cat((query_BYC, avoid_B1C), dim=1).transpose(1, 2)
        score_BYS = score_BSY.transpose(1, 2).contiguous()
        log_attention_BYS = score_BYS[:, :-1].log_softmax(-1)
        attention_BYS = log_attention_BYS.exp()
        each = (n_pictures, n_goals, N_QUERIES, -1)
        return Look(
            log_attention_BGQS=log_attention_BYS.view(each),
            feature_BGQC=(attention_BYS @ map_BSC).view(each),
            place_BGQ2=(attention_BYS @ self.centre_S2).view(each),
            peak_BGQ=score_BYS[:, :-1].detach().amax(-1).view(each[:-1]),
            hazard_BS=score_BYS[:, -1] + self.avoid_bias,
        )
