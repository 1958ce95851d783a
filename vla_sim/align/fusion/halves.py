"""Halves: the picture and the words of a moment, each a point on the sphere by itself."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.fusion.fusion import FusionSizes, Moment, each_sentence, perceptron


class Halves(nn.Module):
    """z_V of a picture and what is known of the body, and z_L of a sentence, unit vectors."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__()
        self.picture = perceptron(2 * sizes.n_map + sizes.n_known, sizes.hidden, sizes.n_embed)
        self.words = perceptron(sizes.n_text, sizes.hidden, sizes.n_embed)

    def forward(self, moment: Moment) -> tuple[Tensor, Tensor]:
        """z_V and z_L, each (B, G, E)."""
        picture_BE = functional.normalize(self.picture(seen(moment)), dim=-1)
        words_BGE = functional.normalize(self.words(moment.text_BGD), dim=-1)
        return each_sentence(picture_BE, moment.text_BGD), words_BGE


def seen(moment: Moment) -> Tensor:
    """A picture in one vector, and what is known of the body, shape (B, 2 C + K)."""
    # The mean says how much of a feature there is, the maximum whether it is anywhere.
    pooled = (moment.map_BSC.mean(1), moment.map_BSC.amax(1), moment.known_BK)
    return torch.cat(pooled, dim=-1)
