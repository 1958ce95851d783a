"""Gate: of each component, how much comes from the picture and how much from the words."""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn

from vla_sim.align.fusion.fusion import Fusion, FusionSizes, Moment
from vla_sim.align.fusion.halves import Halves
from vla_sim.ranges import within


@dataclass(frozen=True, kw_only=True)
class GateConfig:
    """Settings of Gate."""

    entropy_floor: float = 0.2
    """The least entropy of a gate [nat], at most log 2: a gate that is sure of one side for good
    would leave the other untaught."""

    def __post_init__(self) -> None:
        within(0, log(2.0), entropy_floor=self.entropy_floor)

    def build(self, sizes: FusionSizes) -> "Gate":
        """The fusion with these settings."""
        return Gate(self, sizes)


class Gate(Fusion):
    """g * z_V + (1 - g) * z_L, where g is read off both.

    The floor is no further loss with a weight to choose: g keeps as far from 0 and 1 as it says.

    Source:
        The gated multimodal unit, arXiv 1702.01992, section 3.
    """

    def __init__(self, config: GateConfig, sizes: FusionSizes) -> None:
        super().__init__()
        self.halves = Halves(sizes)
        self.gate = nn.Linear(2 * sizes.n_embed, sizes.n_embed)
        self.least = least_share(config.entropy_floor)

    def shares(self, picture_BGE: Tensor, words_BGE: Tensor) -> Tensor:
        """The picture's share of each component, shape (B, G, E)."""
        free_BGE = torch.sigmoid(self.gate(torch.cat((picture_BGE, words_BGE), dim=-1)))
        return self.least + (1.0 - 2.0 * self.least) * free_BGE

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        picture_BGE, words_BGE = self.halves(moment)
        share_BGE = self.shares(picture_BGE, words_BGE)
        out_BGE: Tensor = share_BGE * picture_BGE + (1.0 - share_BGE) * words_BGE
        return out_BGE


def entropy(share: float) -> float:
    """Of a choice between two with shares p and 1 - p [nat]."""
    return -sum(p * log(p) for p in (share, 1.0 - share) if p > 0.0)


def least_share(floor: float) -> float:
    """The smaller share at which the entropy is `floor`, by bisection, in [0, 0.5]."""
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if entropy(middle) < floor else (low, middle)
    return high
