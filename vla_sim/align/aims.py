"""Aims: what a decoder is told of its goals, and how that is put.

Legend: N rows, Q queries, W ways, P proprioceptive components.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vla_sim.records.triple import N_QUERIES, NEXT, PLACE, THING

FINE = 0.1
"""The last tenth of a goal's scale is spelled out to the decoder: precision is won there."""
N_WAYS = N_QUERIES + 1
"""From the controlled point to each query's point, and from the thing to its place."""
N_TOLD = 3 * N_WAYS + N_QUERIES + 1
"""Numbers that the decoder is told of a goal: the ways, which points there are, what is held."""


@dataclass(frozen=True, kw_only=True)
class Aims:
    """What a decoder is told of N goals, by the model's own eye or by the simulator.

    Attributes:
        point_NQ3: A point for each query [m], frame of proprio[:3].
        has_point_NQ: 1 where there is such a point, 0 where there is none: its place does not count
            then.
        held_N: Whether the goal's thing is held, in [0, 1].
    """

    point_NQ3: Tensor
    has_point_NQ: Tensor
    held_N: Tensor

    def where(self, chosen_N: Tensor, other: "Aims") -> "Aims":
        """These where chosen, the others elsewhere."""
        return Aims(
            point_NQ3=torch.where(chosen_N[..., None, None], self.point_NQ3, other.point_NQ3),
            has_point_NQ=torch.where(chosen_N[..., None], self.has_point_NQ, other.has_point_NQ),
            held_N=torch.where(chosen_N, self.held_N, other.held_N),
        )

    def rows(self, rows: slice) -> "Aims":
        """Those of some rows."""
        return Aims(
            point_NQ3=self.point_NQ3[rows],
            has_point_NQ=self.has_point_NQ[rows],
            held_N=self.held_N[rows],
        )


def told_of(aims: Aims, proprio_NP: Tensor, scale_N11: Tensor) -> Tensor:
    """A decoder's view of its aims, shape (N, N_TOLD).

    Ways are as the controlled point sees them, R(-yaw) (point - position). Subtracted here and not
    left to be learnt: a network would need many examples of what is one line of geometry.

    Args:
        aims: Of N goals.
        proprio_NP: Raw proprioception: x, y, z [m], cos yaw, sin yaw, ...
        scale_N11: Length by which ways are divided [m].
    """
    from_hand_NQ3 = aims.point_NQ3 - proprio_NP[..., None, :3]
    on_NQ3 = from_hand_NQ3[..., PLACE, None, :] - from_hand_NQ3[..., THING, None, :]
    has_NQ, has_both_N = aims.has_point_NQ, aims.has_point_NQ[..., THING : THING + 1]
    has_both_N = has_both_N * aims.has_point_NQ[..., PLACE : PLACE + 1]
    way_NW3 = torch.cat((from_hand_NQ3, on_NQ3), dim=-2)
    way_NW3 = way_NW3 * (torch.cat((has_NQ, has_both_N), dim=-1).unsqueeze(-1) / scale_N11)
    x_NW, y_NW, z_NW = way_NW3.unbind(-1)
    cos_N1, sin_N1 = proprio_NP[..., 3:4], proprio_NP[..., 4:5]
    turned_NW3 = torch.stack(
        (cos_N1 * x_NW + sin_N1 * y_NW, cos_N1 * y_NW - sin_N1 * x_NW, z_NW), dim=-1
    )
    return torch.cat((turned_NW3.flatten(-2), has_NQ, aims.held_N.unsqueeze(-1)), dim=-1)


def fine(told_NX: Tensor) -> Tensor:
    """The ways of aims once more, in detail near by and as distances, shape (N, 4 * N_WAYS)."""
    way_NX = told_NX[..., : 3 * N_WAYS]
    near_NX = functional.softsign(way_NX / FINE)
    distance_NW = way_NX.view(*way_NX.shape[:-1], N_WAYS, 3).norm(dim=-1)
    return torch.cat((near_NX, distance_NW), dim=-1)


N_LINES = 12
"""Numbers that a decoder is told of the lines from the thing to its place and to what is next."""
_SHORT = 0.02
"""Lines shorter than this share of a goal's scale have less and less of a direction."""


def lines(told_NX: Tensor) -> Tensor:
    """How the controlled point lies to the lines from the thing to other points, (N, N_LINES).

    Of each line its direction in the plane, and how far along and aside of it the thing is, in full
    and in detail near by. What is pushed along a line or turned about a point is one formula of
    these, and a product of ways that a small network would have to learn.

    Args:
        told_NX: See `told_of`.
    """
    way_NW3 = told_NX[..., : 3 * N_WAYS].view(*told_NX.shape[:-1], N_WAYS, 3)
    has_NQ = told_NX[..., 3 * N_WAYS : 3 * N_WAYS + N_QUERIES]
    thing_N2 = way_NW3[..., THING, :2]
    has_both_N1 = (has_NQ[..., THING] * has_NQ[..., NEXT]).unsqueeze(-1)
    on_N2, next_N2 = way_NW3[..., N_QUERIES, :2], (way_NW3[..., NEXT, :2] - thing_N2) * has_both_N1
    told = []
    for line_N2 in (on_N2, next_N2):
        along_N2 = line_N2 / (line_N2.norm(dim=-1, keepdim=True) + _SHORT)
        aside_N2 = torch.stack((-along_N2[..., 1], along_N2[..., 0]), dim=-1)
        off_N2 = torch.stack(((thing_N2 * along_N2).sum(-1), (thing_N2 * aside_N2).sum(-1)), dim=-1)
        told += [along_N2, off_N2, functional.softsign(off_N2 / FINE)]
    return torch.cat(told, dim=-1)
