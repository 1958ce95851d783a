"""Actions to features: the knots of a whole segment, or one chunk.

Legend: N rows, K knots, A action components, P proprioceptive components, M bodies, E embedding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_sim.ranges import whole
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO


@dataclass(frozen=True, kw_only=True)
class ActionConfig:
    """Settings of ActionEncoder."""

    hidden: int = 256

    def __post_init__(self) -> None:
        whole(1, hidden=self.hidden)

    def build(self, *, n_bodies: int, n_embed: int) -> "ActionEncoder":
        """The encoder with these settings."""
        return ActionEncoder(self, n_bodies=n_bodies, n_embed=n_embed)


class ActionEncoder(nn.Module):
    """An MLP over the knots, their running integral, the duration and the start.

    The integral of a velocity is where the tool ends up, which is what an instruction talks
    about: it is given rather than left to be learnt.
    """

    def __init__(self, config: ActionConfig, *, n_bodies: int, n_embed: int) -> None:
        super().__init__()
        self.config = config
        n_in = 2 * CHUNK_SIZE * N_ACT + 2 + N_PROPRIO + n_bodies
        self.mlp = nn.Sequential(
            nn.Linear(n_in, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, n_embed),
        )

    def forward(
        self, knots_NKA: Tensor, duration_N: Tensor, start_NP: Tensor, code_NM: Tensor
    ) -> Tensor:
        """Features, not yet on the sphere, shape (N, E).

        Args:
            knots_NKA: Normalised actions evenly spaced over the duration, padding zero.
            duration_N: Time from the first to past the last action [s].
            start_NP: Normalised proprioception at the start.
            code_NM: Which body, one-hot.
        """
        knot_s_N11 = (duration_N / CHUNK_SIZE).view(-1, 1, 1)
        integral_NKA = knots_NKA.cumsum(1) * knot_s_N11
        time_N2 = torch.stack((duration_N / 5.0, torch.log(duration_N.clamp_min(1e-2))), dim=1)
        parts = (knots_NKA.flatten(1), integral_NKA.flatten(1), time_N2, start_NP, code_NM)
        out_NE: Tensor = self.mlp(torch.cat(parts, dim=1))
        return out_NE
