"""Physical priors: how a chunk would move the body, and how far that passes what it may.

Legend: N rows, K chunk steps, A components of one action group, M components of motion.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

SIDES = ("slowest", "fastest", "acceleration", "jerk", "sideways")
"""Columns of a table of bounds: least and greatest speed [m/s], greatest acceleration [m/s^2] and
jerk [m/s^3], and whether what turns ask for sideways counts (1) or not (0)."""


@dataclass(frozen=True, kw_only=True)
class InHand:
    """The motion that a chunk goes on from: its first difference is against this, not itself.

    Attributes:
        command_NA: The command in force, filtered, in SI units.
        rate_NA: Its difference quotient over the last control step; None where unknown.
        speed_N: The speed [m/s], where commands are accelerations; None otherwise.
        curvature_N: The curvature in force [1/m], where the body is steered; None otherwise.
    """

    command_NA: Tensor
    rate_NA: Tensor | None = None
    speed_N: Tensor | None = None
    curvature_N: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedMotion:
    """What a chunk would do, step by step.

    Attributes:
        speed_NK: [m/s]; None where commands do not determine it.
        acceleration_NK: [m/s^2]
        jerk_NK: [m/s^3]; one step less where no motion in hand is known.
    """

    speed_NK: Tensor | None
    acceleration_NK: Tensor
    jerk_NK: Tensor


def filtered(
    command_NKA: Tensor, *, bandwidth_fraction: float, held_NA: Tensor | None = None
) -> Tensor:
    """The command as the robot's first-order low-pass passes it on.

    Args:
        command_NKA: Commands in any unit.
        bandwidth_fraction: Cut-off over the Nyquist frequency.
        held_NA: What the filter holds before the first command; None: the first command itself.
    """
    response_KK, rest_K = _response(command_NKA.shape[1], bandwidth_fraction)
    held_NA = command_NKA[:, 0] if held_NA is None else held_NA
    passed_NKA: Tensor = response_KK.to(command_NKA) @ command_NKA
    return passed_NKA + rest_K.to(command_NKA)[:, None] * held_NA[:, None]


@lru_cache
def _response(n_steps: int, bandwidth_fraction: float) -> tuple[Tensor, Tensor]:
    """What each step takes of each raw command, (K, K), and of what was held before, (K,)."""
    keep = math.exp(-math.pi * bandwidth_fraction)
    of_commands = [
        [(1.0 - keep) * keep ** (i - j) * (j <= i) for j in range(n_steps)] for i in range(n_steps)
    ]
    return torch.tensor(of_commands), torch.tensor([keep ** (i + 1) for i in range(n_steps)])


def planned_motion(
    command_NKA: Tensor,
    *,
    order: int,
    dt_s: float,
    bandwidth_fraction: float,
    hand: InHand | None = None,
    curvature_NK: Tensor | None = None,
    sideways_N: Tensor | None = None,
) -> PlannedMotion:
    """The motion that a chunk commands, through the robot's filter, from the motion in hand.

    Args:
        command_NKA: SI actions of one group.
        order: Derivative that the action commands: 1 velocity, 2 acceleration.
        dt_s: Control period [s].
        bandwidth_fraction: Cut-off of the filter over the Nyquist frequency.
        hand: The motion in hand; None where it is unknown: the filter starts settled.
        curvature_NK: Commanded curvature [1/m], for steered bodies of order 2.
        sideways_N: Where the acceleration sideways counts, 0 or 1; needs curvature and hand.
    """
    held_NA = None if hand is None else hand.command_NA
    command_NKA = filtered(command_NKA, bandwidth_fraction=bandwidth_fraction, held_NA=held_NA)
    rate_NKA = _quotient(command_NKA, held_NA, dt_s)
    if order == 1:
        rate_NA = None if hand is None else hand.rate_NA
        return PlannedMotion(
            speed_NK=_size(command_NKA),
            acceleration_NK=_size(rate_NKA),
            jerk_NK=_size(_quotient(rate_NKA, rate_NA, dt_s)),
        )
    assert order == 2, f"no motion follows from a command of order {order}"
    if hand is None or hand.speed_N is None:
        return PlannedMotion(
            speed_NK=None, acceleration_NK=_size(command_NKA), jerk_NK=_size(rate_NKA)
        )
    speed_NK = hand.speed_N[:, None] + dt_s * command_NKA[..., 0].cumsum(1)
    if curvature_NK is None or hand.curvature_N is None or sideways_N is None:
        acceleration_NKM, jerk_NKM = command_NKA, rate_NKA
    else:
        bend_NK = filtered(
            curvature_NK.unsqueeze(-1),
            bandwidth_fraction=bandwidth_fraction,
            held_NA=hand.curvature_N[:, None],
        ).squeeze(-1)
        lateral_NK = sideways_N[:, None] * speed_NK.square() * bend_NK
        before_N1 = (sideways_N * hand.speed_N.square() * hand.curvature_N)[:, None]
        acceleration_NKM = torch.stack((command_NKA[..., 0], lateral_NK), dim=-1)
        lateral_rate_NK = torch.diff(torch.cat((before_N1, lateral_NK), 1), dim=1) / dt_s
        jerk_NKM = torch.stack((rate_NKA[..., 0], lateral_rate_NK), dim=-1)
    return PlannedMotion(
        speed_NK=speed_NK, acceleration_NK=_size(acceleration_NKM), jerk_NK=_size(jerk_NKM)
    )


def excess(value_NK: Tensor, most_N: Tensor) -> Tensor:
    """Relative excess over a bound, mean over the steps, shape (N,); 0 within it."""
    return _hinge(value_NK / most_N[:, None] - 1.0)


def shortfall(value_NK: Tensor, least_NK: Tensor, unit_N: Tensor) -> Tensor:
    """Shortfall below a bound in units of `unit_N`, mean over the steps, shape (N,)."""
    return _hinge((least_NK - value_NK) / unit_N[:, None])


def _hinge(beyond_NK: Tensor) -> Tensor:
    """Quadratic where a bound is just passed, linear far beyond: a wild row drowns no other."""
    beyond_NK = beyond_NK.clamp_min(0.0)
    return (beyond_NK.square() / (1.0 + beyond_NK)).mean(1)


def mean_of(loss_N: Tensor, weight_N: Tensor) -> Tensor:
    """Weighted mean over rows."""
    return (loss_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)


def _quotient(value_NKA: Tensor, before_NA: Tensor | None, dt_s: float) -> Tensor:
    if before_NA is not None:
        value_NKA = torch.cat((before_NA[:, None], value_NKA), dim=1)
    return torch.diff(value_NKA, dim=1) / dt_s


def _size(value_NKM: Tensor) -> Tensor:
    # The root of a sum of squares has no gradient at zero: a hinge far above it needs none there.
    return value_NKM.square().sum(-1).clamp_min(1e-12).sqrt()
