"""From what was looked at to a goal and to a chunk of actions.

Legend: N rows, B pictures, G goals, Q queries, S cells, C map channels, H hazard code, D text
features, P proprioceptive components, M bodies, Z modes, K chunk steps, A action components,
X by Y probes.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from vla_sim.align.aims import N_LINES, N_TOLD, N_WAYS, fine, lines
from vla_sim.align.normaliser import Normaliser
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO, N_QUERIES

WIDE = 16
"""Narrower matrix products sum in an order that depends on a row's place in its batch. For the
same reason no narrow tensor meets tanh or exp here: in a vector register these round differently
from the scalar loop over the remainder."""


class GoalHead(nn.Module):
    """Answers one query: where its point is in the frame of the camera's world, and if there is."""

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

    def forward(self, seen_NX: Tensor) -> Tensor:
        """The answer, shape (N, WIDE).

        The point in units of the goal scale around its centre, the logit of its being there, and
        that of its being held; the rest means nothing.

        Args:
            seen_NX: Attended feature, place, text, normalised proprioception, body code.
        """
        out_NX: Tensor = self.mlp(seen_NX)
        return out_NX


class GoalHeads(nn.ModuleList):
    """A head for each query."""

    def __init__(self, *, n_map: int, n_text: int, n_bodies: int, hidden: int) -> None:
        super().__init__(
            GoalHead(n_map=n_map, n_text=n_text, n_bodies=n_bodies, hidden=hidden)
            for _ in range(N_QUERIES)
        )

    def answers(self, feature_BGQC: Tensor, place_BGQ2: Tensor, said_BGX: Tensor) -> Tensor:
        """What each head says, shape (B, G, Q, WIDE), see `GoalHead`.

        Args:
            feature_BGQC: What each query attended to.
            place_BGQ2: And where that is in the picture.
            said_BGX: Words, normalised proprioception and body code.
        """
        each = zip(self, feature_BGQC.unbind(2), place_BGQ2.unbind(2), strict=True)
        return torch.stack(
            [head(torch.cat((feature, place, said_BGX), dim=-1)) for head, feature, place in each],
            dim=2,
        )


PROBE_X_M = (-2.0, 1.0, 3.5, 6.0, 9.0, 12.0)
PROBE_Y_M = (-6.0, -4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0, 6.0)
PROBE_RADIUS_M = 1.5
"""Probes ahead of and beside a vehicle, as its own frame has them: x forward, y left."""


@torch.no_grad()
def _near(distance_NAS: Tensor) -> Tensor:
    """1 at a probe, a quarter at its radius, soon nothing; in the place of the distances.

    Where a body and a cell are is measured and not learnt: no gradient goes there.
    """
    distance_NAS.mul_(1.0 / PROBE_RADIUS_M)
    near_NAS = distance_NAS.mul_(distance_NAS).add_(1.0).reciprocal_()
    return near_NAS.mul_(near_NAS)


class HazardCode(nn.Module):
    """Feels, for the decoder, for what must not be hit around the body.

    The marked cells are laid on the ground by the camera's calibration and read off by probes that
    go with the body, so that the decoder meets an obstacle where it is in the body's own frame: in
    the picture's frame it would have to learn the pose's geometry first. What a probe feels falls
    off along each axis by itself, so that a grid of probes costs its rows and columns only. A body
    whose cells have no ground feels nothing.
    """

    probe_x_X: Tensor
    probe_y_Y: Tensor

    def __init__(self, *, n_code: int) -> None:
        super().__init__()
        self.code = nn.Linear(len(PROBE_X_M) * len(PROBE_Y_M), n_code)
        self.register_buffer("probe_x_X", torch.tensor(PROBE_X_M), persistent=False)
        self.register_buffer("probe_y_Y", torch.tensor(PROBE_Y_M), persistent=False)

    def forward(
        self, hazard_NS: Tensor, norm: Normaliser, body_N: Tensor, pose_NP: Tensor
    ) -> Tensor:
        """The code, shape (N, H).

        Args:
            hazard_NS: Logits of the cells.
            norm: Knows where each cell's centre meets the ground [m], frame of pose_NP[:, :2].
            body_N: int64, index of the body.
            pose_NP: Raw proprioception: x, y, z [m], cos yaw, sin yaw, ...
        """
        if body_N.device.type == "cpu":
            rows = norm.has_ground_M[body_N].nonzero().squeeze(1)
        else:  # an accelerator would have to wait for the number of these rows
            rows = torch.arange(len(body_N), device=body_N.device)
        felt_RX = self._felt(hazard_NS[rows], norm.ground_MS2[body_N[rows]], pose_NP[rows])
        felt_NX = felt_RX.new_zeros(len(body_N), felt_RX.shape[1]).index_copy(0, rows, felt_RX)
        out_NH: Tensor = self.code(felt_NX)
        return out_NH

    def _felt(self, hazard_NS: Tensor, ground_NS2: Tensor, pose_NP: Tensor) -> Tensor:
        """What each of the probes feels, shape (N, X * Y)."""
        away_x_NS, away_y_NS = (ground_NS2 - pose_NP[:, None, :2]).unbind(-1)
        cos_N1, sin_N1 = pose_NP[:, 3:4], pose_NP[:, 4:5]
        ahead_NS = cos_N1 * away_x_NS + sin_N1 * away_y_NS
        left_NS = cos_N1 * away_y_NS - sin_N1 * away_x_NS
        near_x_NXS = _near(ahead_NS[:, None] - self.probe_x_X[:, None])
        near_y_NYS = _near(left_NS[:, None] - self.probe_y_Y[:, None])
        marked_NXS = near_x_NXS * torch.sigmoid(hazard_NS)[:, None]
        return (marked_NXS @ near_y_NYS.transpose(1, 2)).flatten(1)


class Decoder(nn.Module):
    """MLPs from the relative aims and their circumstances to the next actions, in a few modes.

    Robots share the eye and the words, not this: an arm and a car have no motion in common, and in
    one network what one of them learns is what the other forgets.
    """

    robot_M: Tensor

    def __init__(
        self,
        *,
        n_text: int,
        n_hazard: int,
        robots: Sequence[str],
        hidden: int,
        n_layers: int,
        n_modes: int,
        hears_lines: bool,
    ) -> None:
        """A decoder.

        Args:
            n_text: Text features.
            n_hazard: Size of the hazard code.
            robots: Name of each body's robot; bodies of one robot share an MLP.
            hidden: Hidden units of a layer.
            n_layers: Hidden layers.
            n_modes: Chunks that are proposed at once.
            hears_lines: Whether it is told of `lines` too.
        """
        super().__init__()
        self.n_known = N_PROPRIO + len(robots) + n_text + n_hazard
        """Size of the circumstances."""
        n_in = N_TOLD + 4 * N_WAYS + self.n_known + (N_LINES if hears_lines else 0)
        self.n_modes = n_modes
        self.hears_lines = hears_lines
        names = list(dict.fromkeys(robots))
        self.register_buffer(
            "robot_M", torch.tensor([names.index(name) for name in robots]), persistent=False
        )
        n_out = n_modes * (CHUNK_SIZE * N_ACT + 1)
        self.mlps = nn.ModuleList(_mlp(n_in, *[hidden] * n_layers, n_out) for _ in names)

    def forward(
        self, told_BGX: Tensor, circumstances_BGX: Tensor, body_B: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Normalised actions of each mode, not yet clipped, and how likely each is.

        Args:
            told_BGX: The aims, see `told_of`.
            circumstances_BGX: Proprioception, body, hazard code, text.
            body_B: int64, index of the body.

        Returns:
            Chunks (B, G, Z, K, A) and logits (B, G, Z).
        """
        drawn = [lines(told_BGX)] if self.hears_lines else []
        heard_BGX = torch.cat((told_BGX, fine(told_BGX), *drawn, circumstances_BGX), dim=-1)
        robot_B = self.robot_M[body_B]
        width = self.n_modes * (CHUNK_SIZE * N_ACT + 1)
        flat_BGX = heard_BGX.new_zeros(*heard_BGX.shape[:-1], width)
        for robot, mlp in enumerate(self.mlps):
            if self.training and heard_BGX.device.type == "cpu":
                rows = (robot_B == robot).nonzero().squeeze(1)
                flat_BGX = flat_BGX.index_copy(0, rows, mlp(heard_BGX[rows]))
            else:
                # All rows through each. At work a row must not depend on how many are its robot's,
                # and an accelerator would have to wait for that number.
                mine_B11 = (robot_B == robot)[:, None, None]
                flat_BGX = torch.where(mine_B11, mlp(heard_BGX), flat_BGX)
        n = self.n_modes
        chunk_BGZKA = flat_BGX[..., n:].view(*flat_BGX.shape[:-1], n, CHUNK_SIZE, N_ACT)
        return chunk_BGZKA, flat_BGX[..., :n]


def _mlp(*widths: int) -> nn.Sequential:
    """Linear layers from width to width, with a ReLU between each two."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.ReLU()] if layers else []
        layers.append(nn.Linear(n_in, n_out))
    return nn.Sequential(*layers)
