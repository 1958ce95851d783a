"""Grounding: the attention shall lie on the cell that shows the referent.

Legend: N rows, S = grid * grid cells in row-major order, 4 neighbours.
"""

import torch
from torch import Tensor

from vla_sim.records.triple import GRID


def splat(place_N2: Tensor) -> tuple[Tensor, Tensor]:
    """Spread a picture position over the four nearest cells so that their mean is the position.

    Args:
        place_N2: Position (u right, v down) in [0, 1].

    Returns:
        Cells, int64 (N, 4), and their weights (N, 4), which sum to 1. At the border, where there
        is no cell further out, the outermost centres stand in.
    """
    at_N2 = (place_N2 * GRID - 0.5).clamp(0.0, GRID - 1.0)
    low_N2 = at_N2.floor().clamp_max(GRID - 2.0)
    part_N2 = at_N2 - low_N2
    u_N, v_N = low_N2.long().unbind(-1)
    pu_N, pv_N = part_N2.unbind(-1)
    corner_N = v_N * GRID + u_N
    cell_N4 = torch.stack((corner_N, corner_N + 1, corner_N + GRID, corner_N + GRID + 1), dim=-1)
    weight_N4 = torch.stack(
        ((1 - pu_N) * (1 - pv_N), pu_N * (1 - pv_N), (1 - pu_N) * pv_N, pu_N * pv_N), dim=-1
    )
    return cell_N4, weight_N4


def grounding_loss(log_attention_NS: Tensor, place_N2: Tensor, weight_N: Tensor) -> Tensor:
    """Excess of the attention's cross-entropy over the best possible one.

    The target is the referent's position spread over its four nearest cells, so the best attention
    also has its centre of mass there: the position comes out finer than the grid.

    Args:
        log_attention_NS: Logarithm of a distribution over cells.
        place_N2: Position of the referent in the picture, in [0, 1].
        weight_N: >= 0; zero where the referent cannot be seen.

    Returns:
        Scalar [nat], >= 0, zero only for the target itself.

    Source:
        Supervised attention; without it no fusion left chance within 1500 updates (prototype).
    """
    cell_N4, target_N4 = splat(place_N2)
    log_N4 = log_attention_NS.gather(-1, cell_N4)
    excess_N = (torch.xlogy(target_N4, target_N4) - target_N4 * log_N4).sum(-1)
    return (excess_N * weight_N).sum() / weight_N.sum().clamp_min(1e-6)
