"""Mixture of experts: a router sends each moment to a few perceptrons.

Legend: B pictures, G sentences a picture, X all that is known, N experts, E embedding, R sentences
that count.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_sim.align.fusion.fusion import (
    Fused,
    Fusion,
    FusionSizes,
    Moment,
    each_sentence,
    perceptron,
)
from vla_sim.align.fusion.halves import seen
from vla_sim.align.fusion.standardiser import Standardiser
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, whole

BALANCE = "fusion_balance"
DECAY = 0.99
"""Part of the averages that an update leaves by which the router's input is standardised."""


@dataclass(frozen=True, kw_only=True)
class MoeConfig:
    """Settings of Moe."""

    n_experts: int = 4
    n_asked: int = 2
    """Experts that a moment is sent to."""
    balance: float = 0.1
    """Weight of the term that keeps the router from sending everything to a few."""

    def __post_init__(self) -> None:
        whole(2, n_experts=self.n_experts)
        whole(1, n_asked=self.n_asked)
        above(0, balance=self.balance)
        if self.n_asked > self.n_experts:
            raise BadConfig(
                f"n_asked is {self.n_asked} of n_experts = {self.n_experts}; ask as many or fewer"
            )

    def build(self, sizes: FusionSizes) -> "Moe":
        """The fusion with these settings."""
        return Moe(self, sizes)


class Moe(Fusion):
    """sum_n g_n z_n over the experts that the router trusts most, their shares adding up to 1.

    Source:
        arXiv 1701.06538, section 2.1: sparse gating; arXiv 2101.03961, equation 4: the balance.
    """

    def __init__(self, config: MoeConfig, sizes: FusionSizes) -> None:
        super().__init__()
        self.weights = {BALANCE: config.balance}
        self.n_asked = config.n_asked
        n_in = 2 * sizes.n_map + sizes.n_known + sizes.n_text
        self.evened = Standardiser(n_in, decay=DECAY)
        self.router = nn.Linear(n_in, config.n_experts)
        self.experts = nn.ModuleList(
            perceptron(n_in, sizes.hidden, sizes.n_embed) for _ in range(config.n_experts)
        )
        self._newest: Tensor | None = None

    def _mixed(self, known_BGX: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """States (B, G, E), trust in each expert and whether it was asked, each (B, G, N)."""
        trust_BGN = self.router(self.evened(known_BGX)).softmax(-1)
        asked_BGN = torch.zeros_like(trust_BGN).scatter(
            -1, trust_BGN.topk(self.n_asked, dim=-1).indices, 1.0
        )
        share_BGN = trust_BGN * asked_BGN
        share_BGN = share_BGN / share_BGN.sum(-1, keepdim=True)
        # All of them answer: they are small, and rows of one batch ask different ones.
        said_BGNE = torch.stack([expert(known_BGX) for expert in self.experts], dim=-2)
        state_BGE = (share_BGN.unsqueeze(-1) * said_BGNE).sum(-2)
        return state_BGE, trust_BGN, asked_BGN

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        state_BGE, _, _ = self._mixed(known(moment))
        return state_BGE

    def taught(self, moment: Moment, real_R: Tensor, action_RE: Tensor) -> Fused:
        """See `Fusion`."""
        known_BGX = known(moment)
        state_BGE, trust_BGN, asked_BGN = self._mixed(known_BGX)
        if self.training:
            self._newest = known_BGX.detach().flatten(0, 1)[real_R]
        load_N = asked_BGN.flatten(0, 1)[real_R].mean(0) / self.n_asked
        return Fused(
            state_BGE=state_BGE,
            terms={BALANCE: balance_loss(load_N, trust_BGN.flatten(0, 1)[real_R].mean(0))},
            watched={"moe/experts_used": torch.special.entr(load_N).sum().exp()},
        )

    def settle(self, generator: torch.Generator) -> None:
        """See `Fusion`."""
        if self._newest is not None:
            self.evened.follow(self._newest)
            self._newest = None

    def give_up(self) -> None:
        """See `Fusion`."""
        self._newest = None


def known(moment: Moment) -> Tensor:
    """All that is known of a moment, shape (B, G, X)."""
    return torch.cat((each_sentence(seen(moment), moment.text_BGD), moment.text_BGD), dim=-1)


def balance_loss(load_N: Tensor, trust_N: Tensor) -> Tensor:
    """How unevenly experts are asked: 1 where all are asked alike, N where it is always the same.

    Args:
        load_N: Share of the questions that each expert got, no gradient.
        trust_N: Mean probability that the router gave to each.
    """
    return len(load_N) * (load_N.detach() * trust_N).sum()
