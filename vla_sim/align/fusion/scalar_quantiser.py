"""Finite scalar quantiser: the codes are a grid that stands still, and only the tokens learn.

Legend: N tokens, D components of a token.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vla_sim.align.fusion.quantiser import Quantiser, straight_through

MARGIN = 1e-3
"""The outermost levels can be reached by this much more than just."""


class ScalarQuantiser(Quantiser):
    """Every component rounded to one of a few levels in [-1, 1]; a code is which level in each.

    Source:
        arXiv 2309.15505, section 3.1 and listing 1. There is no codebook, and no loss of one.
    """

    level_D: Tensor
    basis_D: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.n_codes, self.n_components = math.prod(levels), len(levels)
        basis = [math.prod(levels[:place]) for place in range(len(levels))]
        self.register_buffer("level_D", torch.tensor(levels), persistent=False)
        self.register_buffer("basis_D", torch.tensor(basis), persistent=False)

    def forward(self, token_ND: Tensor) -> tuple[Tensor, Tensor]:
        """See `Quantiser`."""
        half_D = (self.level_D - 1) * (1.0 + MARGIN) / 2.0
        # An even number of levels has none in the middle: half a step to the side there are two.
        offset_D = torch.where(self.level_D % 2 == 0, 0.5, 0.0)
        bounded_ND = (token_ND + (offset_D / half_D).atanh()).tanh() * half_D - offset_D
        level_ND = straight_through(bounded_ND, bounded_ND.round())
        width_D = self.level_D // 2
        code_N = ((level_ND.detach().long() + width_D) * self.basis_D).sum(-1)
        return level_ND / width_D, code_N
