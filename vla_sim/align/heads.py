"""From what was looked at to a goal, to what must not be hit, and to a chunk of actions.

Legend: N rows, S cells, C map channels, H hazard code, D text features, P proprioceptive
components, M bodies, K chunk steps, A action components.
"""

import torch
from torch import Tensor, nn

from vla_sim.align.encoders.vision import N_CELLS
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO

FINE = 0.1
"""The last tenth of a goal's scale is spelled out to the decoder: precision is won there."""
WIDE = 16
"""Narrower matrix products sum in an order that depends on a row's place in its batch."""


def relative_goal(goal_N3: Tensor, proprio_NP: Tensor) -> Tensor:
    """The goal as the controlled point sees it: R(-yaw) (goal - position) [m], shape (N, 3).

    Subtracted here and not left to be learnt: a network would need many examples of what is one
    line of geometry.

    Args:
        goal_N3: Goal point [m], in the frame of the proprioception.
        proprio_NP: Raw proprioception: x, y, z [m], cos yaw, sin yaw, ...
    """
    offset_N3 = goal_N3 - proprio_NP[..., :3]
    x_N, y_N, z_N = offset_N3.unbind(-1)
    cos_N, sin_N = proprio_NP[..., 3], proprio_NP[..., 4]
    return torch.stack((cos_N * x_N + sin_N * y_N, cos_N * y_N - sin_N * x_N, z_N), dim=-1)


class GoalHead(nn.Module):
    """Regresses where the controlled point has to go.

    A camera may stand in the world or follow the body, and the picture and the words tell which:
    for each axis a gate says whether the answer counts from the origin or from the body.
    """

    def __init__(self, *, n_map: int, n_text: int, n_bodies: int, hidden: int) -> None:
        super().__init__()
        n_in = n_map + 2 + n_text + N_PROPRIO + n_bodies
        self.mlp = nn.Sequential(
            nn.Linear(n_in, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, WIDE),
        )

    def forward(self, seen_NX: Tensor, position_N3: Tensor) -> Tensor:
        """The goal in units of the goal scale around its centre, shape (N, 3).

        Args:
            seen_NX: Attended feature, place, text, normalised proprioception, body code.
            position_N3: The controlled point in the same units.
        """
        both_NX: Tensor = self.mlp(seen_NX)
        answer_N3, gate_N3 = both_NX[..., :3], both_NX[..., 3:6]
        # Most cameras stand still, so the gate begins nearly closed.
        return answer_N3 + torch.sigmoid(gate_N3 - 3.0) * position_N3


class HazardHead(nn.Module):
    """Marks the cells that show something not to be hit, and sums them up in a code."""

    def __init__(self, *, n_map: int, n_code: int) -> None:
        super().__init__()
        self.mark = nn.Linear(n_map, 1)
        self.code = nn.Linear(N_CELLS, n_code)

    def forward(self, map_NSC: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of each cell (N, S), and the code (N, H)."""
        logits_NS = self.mark(map_NSC).squeeze(-1)
        return logits_NS, self.code(torch.sigmoid(logits_NS))


class Decoder(nn.Module):
    """An MLP from the relative goal and its circumstances to the next actions."""

    def __init__(
        self, *, n_map: int, n_text: int, n_hazard: int, n_bodies: int, hidden: int
    ) -> None:
        super().__init__()
        n_in = 7 + N_PROPRIO + n_bodies + n_text + n_map + n_hazard
        self.mlp = nn.Sequential(
            nn.Linear(n_in, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, CHUNK_SIZE * N_ACT),
        )

    def forward(self, relative_N3: Tensor, circumstances_NX: Tensor) -> Tensor:
        """Normalised actions, not yet clipped, shape (N, K, A).

        Args:
            relative_N3: Relative goal in units of the goal scale.
            circumstances_NX: Proprioception, body, text, attended feature, hazard code.
        """
        distance_N1 = relative_N3.norm(dim=-1, keepdim=True)
        near_N3 = torch.tanh(relative_N3 / FINE)
        flat_NX: Tensor = self.mlp(
            torch.cat((relative_N3, near_N3, distance_N1, circumstances_NX), dim=-1)
        )
        return flat_NX.view(*flat_NX.shape[:-1], CHUNK_SIZE, N_ACT)
