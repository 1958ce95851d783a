"""Body constants as tensors: what turns SI numbers into numbers of unit size and back.

Legend: N rows, Q points a row, M bodies, P proprioceptive components, A action components.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vla_sim.align.body import Body
from vla_sim.errors import BadConfig
from vla_sim.records.triple import GRID, N_ACT, N_PROPRIO

FAR_M = 1e4
LARGEST = 5.0
"""Normalised proprioception is clipped here, so that a state never seen cannot blow up."""


class Normaliser(nn.Module):
    """Buffers of M bodies, looked up by a row's body index; part of the weights on disk."""

    proprio_centre_MP: Tensor
    proprio_scale_MP: Tensor
    proprio_mask_MP: Tensor
    action_mask_MA: Tensor
    goal_centre_M3: Tensor
    goal_scale_M3: Tensor
    ground_MS2: Tensor
    has_ground_M: Tensor

    def __init__(self, bodies: Sequence[Body]) -> None:
        super().__init__()
        if not bodies:
            raise BadConfig("a model needs at least one body")

        def padded(rows: list[tuple[float, ...]], width: int, fill: float) -> Tensor:
            return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])

        self.n_bodies = len(bodies)
        ones = [(1.0,) * b.n_proprio for b in bodies]
        self.register_buffer(
            "proprio_centre_MP", padded([b.proprio_centre for b in bodies], N_PROPRIO, 0.0)
        )
        self.register_buffer(
            "proprio_scale_MP", padded([b.proprio_scale for b in bodies], N_PROPRIO, 1.0)
        )
        self.register_buffer("proprio_mask_MP", padded(ones, N_PROPRIO, 0.0))
        self.register_buffer(
            "action_mask_MA", padded([(1.0,) * b.n_act for b in bodies], N_ACT, 0.0)
        )
        # A body without a ground sees its cells so far away that nothing in them is near.
        away = ((FAR_M, FAR_M),) * (GRID * GRID)
        has_ground = torch.tensor([bool(b.ground) for b in bodies])
        self.register_buffer("has_ground_M", has_ground, persistent=False)
        self.register_buffer("ground_MS2", torch.tensor([b.ground or away for b in bodies]))
        self.register_buffer("goal_centre_M3", torch.tensor([b.goal_centre for b in bodies]))
        self.register_buffer("goal_scale_M3", torch.tensor([b.goal_scale for b in bodies]))

    def body_code(self, body_N: Tensor) -> Tensor:
        """Which body a row has, one-hot, shape (N, M): the robot knows itself, not its task."""
        return nn.functional.one_hot(body_N, self.n_bodies).to(self.goal_scale_M3.dtype)

    def points(self, scaled_NQ3: Tensor, body_N: Tensor) -> Tensor:
        """Points [m] from those in units of each row's goal scale, shape (N, ..., 3)."""
        scale_N3, centre_N3 = self._goal(scaled_NQ3, body_N)
        return scaled_NQ3 * scale_N3 + centre_N3

    def scaled(self, point_NQ3: Tensor, body_N: Tensor) -> Tensor:
        """Points in units of each row's goal scale from those in [m], shape (N, ..., 3)."""
        scale_N3, centre_N3 = self._goal(point_NQ3, body_N)
        return (point_NQ3 - centre_N3) / scale_N3

    def _goal(self, like_NX3: Tensor, body_N: Tensor) -> tuple[Tensor, Tensor]:
        shape = (len(body_N), *[1] * (like_NX3.ndim - 2), 3)
        return self.goal_scale_M3[body_N].view(shape), self.goal_centre_M3[body_N].view(shape)

    def proprio(self, proprio_NP: Tensor, body_N: Tensor) -> Tensor:
        """Proprioception of unit size, padding zero, shape (N, P)."""
        centred_NP = proprio_NP - self.proprio_centre_MP[body_N]
        scaled_NP = (centred_NP / self.proprio_scale_MP[body_N]).clamp(-LARGEST, LARGEST)
        return scaled_NP * self.proprio_mask_MP[body_N]
