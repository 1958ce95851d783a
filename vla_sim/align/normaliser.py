"""Body constants as tensors: what turns SI numbers into numbers of unit size and back.

Legend: N rows, Q points a row, M bodies, P proprioceptive components, A action components.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

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
    speed_MP: Tensor
    steering_MA: Tensor
    sideways_M: Tensor

    def __init__(self, bodies: Sequence[Body], *, sideways: bool = False) -> None:
        """Constants of bodies.

        Args:
            bodies: In the order of their indices.
            sideways: Whether steering counts by what it does at the speed at hand, see `worth`.

        Raises:
            BadConfig: If there is no body.
        """
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
        steered = [_Steered.of(b) if sideways else _Steered() for b in bodies]
        # -1, for none, is the last row: one beyond all components.
        where = torch.eye(N_PROPRIO + 1)[[s.speed for s in steered], :N_PROPRIO]
        self.register_buffer("speed_MP", where, persistent=False)
        where = torch.eye(N_ACT + 1)[[s.steering for s in steered], :N_ACT]
        self.register_buffer("steering_MA", where, persistent=False)
        per_speed = torch.tensor([s.sideways for s in steered])
        self.register_buffer("sideways_M", per_speed, persistent=False)

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

    def worth(self, proprio_NP: Tensor, body_N: Tensor) -> Tensor:
        """What an error of 1 in each action component counts, (N, A); 0 where a body lacks it.

        Elsewhere 1, but for steering, where it is asked for: by the acceleration sideways that such
        an error makes at the present speed, in units of the acceleration command, if that is more.
        """
        speed_N = (proprio_NP * self.speed_MP[body_N]).sum(-1)
        more_N1 = (self.sideways_M[body_N] * speed_N.square() - 1.0).clamp_min(0.0).unsqueeze(-1)
        return self.action_mask_MA[body_N] * (1.0 + self.steering_MA[body_N] * more_N1)


@dataclass(frozen=True, kw_only=True)
class _Steered:
    """Where a body is steered, where it feels its speed, and what the one makes of the other."""

    steering: int = -1
    speed: int = -1
    sideways: float = 0.0
    """Acceleration sideways of a command of 1 at 1 m/s, in units of the acceleration command."""

    @classmethod
    def of(cls, body: Body) -> Self:
        """That of a body; one that is not steered at a speed of its own has none."""
        along = next((limit for limit in body.limits if limit.order == 2), None)
        if body.steering is None or body.speed < 0 or along is None:
            return cls()
        return cls(
            steering=body.steering.index,
            speed=body.speed,
            sideways=body.steering.scale / along.scale,
        )
