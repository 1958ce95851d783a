"""FiLM: the words scale and shift the channels of the picture before it is pooled."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.fusion.fusion import Fusion, FusionSizes, Moment, each_sentence, perceptron


@dataclass(frozen=True, kw_only=True)
class FilmConfig:
    """Settings of Film."""

    def build(self, sizes: FusionSizes) -> "Film":
        """The fusion with these settings."""
        return Film(sizes)


class Film(Fusion):
    """gamma(L) * x + beta(L) in every cell; at first gamma is 1 and beta 0.

    Source:
        arXiv 1709.07871, section 2.1.
    """

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__()
        self.modulation = nn.Linear(sizes.n_text, 2 * sizes.n_map)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        n_in = 2 * sizes.n_map + sizes.n_known + sizes.n_text
        self.mlp = perceptron(n_in, sizes.hidden, sizes.n_embed)

    def modulated(self, map_BSC: Tensor, text_BGD: Tensor) -> Tensor:
        """The maps as each sentence has them, before they are rectified, shape (B, G, S, C)."""
        above_BGC, beta_BGC = self.modulation(text_BGD).chunk(2, dim=-1)
        scaled_BGSC = (1.0 + above_BGC).unsqueeze(2) * map_BSC.unsqueeze(1)
        out_BGSC: Tensor = scaled_BGSC + beta_BGC.unsqueeze(2)
        return out_BGSC

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        map_BGSC = functional.relu(self.modulated(moment.map_BSC, moment.text_BGD))
        known_BGK = each_sentence(moment.known_BK, moment.text_BGD)
        pooled = (map_BGSC.mean(2), map_BGSC.amax(2), known_BGK, moment.text_BGD)
        out_BGE: Tensor = self.mlp(torch.cat(pooled, dim=-1))
        return out_BGE
