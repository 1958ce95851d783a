"""ReachHead: how long it takes to get there, and whether that is in time.

Legend: N rows, X what the decoder was told.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_sim.align.heads import WIDE

LEAST_SPREAD_S = 0.02
LOG_TIME = (-4.0, 6.0)
"""Between these logarithms of seconds lies every way of a tool or a car."""


@dataclass(frozen=True, kw_only=True)
class ReachTime:
    """A time to a point, as far as it is known from picture and words.

    Attributes:
        centre_s: As likely too long as too short [s].
        spread_s: How sure that is [s].
    """

    centre_s: Tensor
    spread_s: Tensor

    def logit(self, within_s: Tensor | float) -> Tensor:
        """Of the point being reached within some seconds: a logistic distribution's."""
        return (within_s - self.centre_s) / self.spread_s


class ReachHead(nn.Module):
    """An MLP from what a decoder is told to a distribution of the least time to the point.

    One answer serves every limit: with more time the logit can only rise.
    """

    def __init__(self, *, n_state: int, hidden: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(n_state, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, WIDE),
        )

    def forward(self, state_NX: Tensor) -> ReachTime:
        """The time of each row, shape (N,) of any rank.

        Args:
            state_NX: What the decoder was told, see `PolicyOutput.state_BGX`.
        """
        out_NX = self.mlp(state_NX)
        centre_N = out_NX[..., 0].clamp(*LOG_TIME)
        spread_N = (out_NX[..., 1] - 1.0).clamp(*LOG_TIME)
        return ReachTime(
            centre_s=torch.exp(centre_N), spread_s=LEAST_SPREAD_S + torch.exp(spread_N)
        )
