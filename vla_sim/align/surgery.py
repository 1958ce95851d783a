"""Gradient surgery on the shared representation.

Legend: T tasks (groups of losses), X flattened representation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vla_sim.align.crew import ALONE, Crew


def pcgrad(
    gradient_TX: Tensor, generator: torch.Generator | None = None, crew: Crew = ALONE
) -> Tensor:
    """Sum of the gradients after each gave up what works against another.

    Each gradient is projected, in random order, off the ORIGINAL gradient of every task that it
    conflicts with. On dL/dz, where the representation z is what the tasks share, this costs about
    one plain backward; on the parameters it costs one per task.

    Args:
        gradient_TX: One gradient a row, of separate backward passes.
        generator: Source of the order.
        crew: The processes among which X is shared.

    Returns:
        The combined gradient, shape (X,). Without conflicts, and for one task, the plain sum.

    Source:
        arXiv 2001.06782, algorithm 1. Where norms differ much, conflicts may remain.
    """
    n_tasks = len(gradient_TX)
    dot_TT = crew.total(gradient_TX @ gradient_TX.T)
    # Work on the coefficients of the rows: every projection stays in their span.
    coefficient_TT = torch.eye(n_tasks, dtype=gradient_TX.dtype, device=gradient_TX.device)
    for task in range(n_tasks):
        order = torch.randperm(n_tasks, generator=generator).tolist()
        for other in order:
            square = dot_TT[other, other]
            along = coefficient_TT[task] @ dot_TT[:, other]
            if other != task and along < 0.0 < square:
                coefficient_TT[task, other] -= along / square
    return coefficient_TT.sum(0) @ gradient_TX


def conflict_share(gradient_TX: Tensor, crew: Crew = ALONE) -> float:
    """Share of the pairs of tasks whose gradients point against each other."""
    n_tasks = len(gradient_TX)
    if n_tasks < 2:
        return 0.0
    against_TT = crew.total(gradient_TX @ gradient_TX.T) < 0.0
    return float(against_TT.sum()) / (n_tasks * (n_tasks - 1))


def backward_with_surgery(
    losses: Sequence[Tensor],
    *,
    shared: Sequence[Tensor],
    leaves: Sequence[Tensor],
    heads: Sequence[Tensor],
    generator: torch.Generator,
    crew: Crew = ALONE,
) -> float:
    """Backward of several losses with their conflicts taken out of the shared representation.

    Args:
        losses: One loss for each group, computed from `leaves`.
        shared: The representation as the towers made it.
        leaves: The same values, cut off from the towers.
        heads: All parameters; those behind the leaves get the plain sum of their gradients.
        generator: Source of the order of projections.
        crew: The processes among which the representation is shared.

    Returns:
        The share of conflicting pairs.
    """
    used = [z for z in leaves if z.requires_grad]
    rows: list[Tensor] = []
    for loss in losses:
        gradients = torch.autograd.grad(loss, [*used, *heads], retain_graph=True, allow_unused=True)
        if used:
            on_z = zip(used, gradients, strict=False)
            rows.append(
                torch.cat([(torch.zeros_like(z) if g is None else g).flatten() for z, g in on_z])
            )
        for parameter, gradient in zip(heads, gradients[len(used) :], strict=True):
            if gradient is not None:
                previous = parameter.grad
                parameter.grad = gradient if previous is None else previous + gradient
    if not rows:
        return 0.0
    gradient_TX = torch.stack(rows)
    pieces = torch.split(pcgrad(gradient_TX, generator, crew), [z.numel() for z in used])
    torch.autograd.backward(
        [z for z in shared if z.requires_grad],
        [piece.view_as(z) for piece, z in zip(pieces, used, strict=True)],
    )
    return conflict_share(gradient_TX, crew)
