"""MotionHead: what moves in a strip of pictures, as signals in time.

Legend: N strips, T steps, S cells, C map channels, H hidden channels, A action components.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.encoders.vision import N_CELLS
from vla_sim.records.triple import N_ACT


class MotionHead(nn.Module):
    """From two consecutive maps to what must have been done in between, step by step.

    It sees one step and no other: what it says of a step cannot be late by more than that step,
    unless what is seen is. A signal for each action component, so that a shared sinusoid cannot be
    picked from a pool of free projections.
    """

    def __init__(self, *, n_map: int, n_hidden: int = 8) -> None:
        super().__init__()
        self.cell = nn.Linear(2 * n_map, n_hidden)
        self.out = nn.Linear(N_CELLS * n_hidden, N_ACT)

    def forward(self, map_NTSC: Tensor) -> Tensor:
        """Signals of the steps between T + 1 pictures, shape (N, T, A).

        Args:
            map_NTSC: Feature maps of T + 1 consecutive pictures.
        """
        before_NTSC, after_NTSC = map_NTSC[:, :-1], map_NTSC[:, 1:]
        pair_NTSX = torch.cat((before_NTSC, after_NTSC - before_NTSC), dim=-1)
        out_NTA: Tensor = self.out(functional.relu(self.cell(pair_NTSX)).flatten(-2))
        return out_NTA
