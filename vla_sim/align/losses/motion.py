"""Physical priors: a chunk shall not ask for more than the body can do.

Legend: N rows, K chunk steps, A components of one action group.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor


def filtered(command_NKA: Tensor, *, bandwidth_fraction: float) -> Tensor:
    """The command as the robot's first-order low-pass passes it on.

    The filter starts settled on the first command: what the limits bind is the motion, and the
    motion never sees a step of the raw command.

    Args:
        command_NKA: Commands in any unit.
        bandwidth_fraction: Cut-off over the Nyquist frequency.
    """
    response_KK = _response(command_NKA.shape[1], bandwidth_fraction)
    return response_KK.to(command_NKA) @ command_NKA


@lru_cache
def _response(n_steps: int, bandwidth_fraction: float) -> Tensor:
    """What each step of the filtered command takes of each raw one, shape (K, K)."""
    keep = math.exp(-math.pi * bandwidth_fraction)
    return torch.tensor(
        [
            [
                (1.0 - keep) * keep ** (i - j) * (j <= i) + (j == 0) * keep ** (i + 1)
                for j in range(n_steps)
            ]
            for i in range(n_steps)
        ]
    )


def motion_loss(
    command_NKA: Tensor, weight_N: Tensor, *, order: int, derivative: int, limit: float, dt_s: float
) -> Tensor:
    """Squared relative excess of one derivative of motion over its limit.

    Args:
        command_NKA: SI actions of one group whose norm is bounded together.
        weight_N: >= 0, how much each row counts.
        order: Derivative that the action commands: 0 position, 1 velocity, 2 acceleration.
        derivative: Derivative that is bounded: 1 velocity, 2 acceleration, 3 jerk.
        limit: Its largest norm, in SI units.
        dt_s: Time between the steps of the chunk [s].

    Returns:
        Scalar [1], zero within the limit. Zero too where the chunk does not determine the
        derivative: an acceleration says nothing of the speed it starts from.
    """
    n_differences = derivative - order
    if n_differences < 0 or n_differences >= command_NKA.shape[1]:
        return command_NKA.new_zeros(())
    value_NKA = torch.diff(command_NKA, n=n_differences, dim=1) / dt_s**n_differences
    # The root of a sum of squares has no gradient at zero: a hinge far above it needs none there.
    norm_NK = value_NKA.square().sum(-1).clamp_min(1e-12).sqrt()
    excess_N = (norm_NK / limit - 1.0).clamp_min(0.0).square().mean(1)
    return (excess_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)
