"""Late fusion's picture side: a whole clip into one vector.

Legend: N clips, F = N_CLIP pictures, S cells, C map channels, W free looks, E embedding.
"""

import torch
from torch import Tensor, nn

from vla_sim.align.attention import cell_centres
from vla_sim.records.triple import N_CLIP


class ClipTower(nn.Module):
    """Pools a clip by what changed: where the outcome is, there the referent was.

    One attention compares the last picture with the first and is taught to find the referent;
    every picture is then read at that cell, the first one too, where nothing hid it yet. Free
    looks, taught by nothing but the alignment, follow what moves.
    """

    centre_S2: Tensor

    def __init__(self, *, n_map: int, hidden: int, n_embed: int, n_free: int = 2) -> None:
        super().__init__()
        self.outcome = nn.Sequential(nn.Linear(2 * n_map, n_map), nn.ReLU(), nn.Linear(n_map, 1))
        self.free = nn.Linear(n_map, n_free)
        n_picture = 2 * n_map + 2 * n_free
        self.mlp = nn.Sequential(
            nn.Linear(N_CLIP * n_picture + 2 + 2 * N_CLIP, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, n_embed),
        )
        self.register_buffer("centre_S2", cell_centres(), persistent=False)

    def forward(self, map_NFSC: Tensor, time_NF: Tensor) -> tuple[Tensor, Tensor]:
        """Features of clips.

        Args:
            map_NFSC: Feature maps of the pictures.
            time_NF: When each was taken, from the start of the segment [s].

        Returns:
            Features not yet on the sphere (N, E), and the log attention on the outcome (N, S).
        """
        # One strided view: each separate look at the maps costs a gradient of their full size.
        first_NSC, last_NSC = map_NFSC[:, :: N_CLIP - 1].unbind(1)
        ends_NSX = torch.cat((last_NSC, first_NSC), dim=-1)
        log_attention_NS = self.outcome(ends_NSX).squeeze(-1).log_softmax(-1)
        attention_NS = log_attention_NS.exp()
        evenly_NS = torch.full_like(attention_NS, 1.0 / attention_NS.shape[1])
        reading_N2S = torch.stack((attention_NS, evenly_NS), dim=1)
        read_NFX = (reading_N2S.unsqueeze(1) @ map_NFSC).flatten(2)
        free_NFWS = self.free(map_NFSC).transpose(2, 3).softmax(-1)
        moved_NFX = (free_NFWS @ self.centre_S2).flatten(2)
        place_N2 = attention_NS @ self.centre_S2
        clock_NX = torch.cat((time_NF / 5.0, torch.log(time_NF.clamp_min(0.0) + 0.1)), dim=1)
        pictures_NX = torch.cat((read_NFX, moved_NFX), dim=-1).flatten(1)
        out_NE: Tensor = self.mlp(torch.cat((pictures_NX, place_N2, clock_NX), dim=1))
        return out_NE, log_attention_NS
