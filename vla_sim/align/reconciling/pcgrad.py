"""PCGrad: each group of losses gives up what works against another.

Legend: T groups.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.align.reconciling.reconciler import Groups, Reconciler, ReconcilerConfig


@dataclass(frozen=True, kw_only=True)
class PcgradConfig(ReconcilerConfig):
    """Settings of PCGrad; it has none of its own."""

    def build(self, groups: Groups) -> Reconciler:
        """See `ReconcilerConfig`."""
        return Reconciler(self, groups, surgery=pcgrad)


def pcgrad(
    gram_TT: NDArray[np.float64], generator: torch.Generator | None = None
) -> NDArray[np.float64]:
    """How much of each gradient is in their sum after each gave up what works against another.

    Each gradient is projected, in random order, off the ORIGINAL gradient of every group that it
    conflicts with.

    Args:
        gram_TT: <g_i, g_j> of the groups' gradients.
        generator: Source of the order.

    Returns:
        Coefficients of the gradients, each 1 or more. Without conflicts, and for one group, all 1.

    Source:
        arXiv 2001.06782, algorithm 1. Where norms differ much, conflicts may remain.
    """
    n_groups = len(gram_TT)
    kept_TT = np.eye(n_groups)  # every projection stays in the span of the gradients
    for group in range(n_groups):
        order = torch.randperm(n_groups, generator=generator).tolist()
        for other in order:
            square = gram_TT[other, other]
            along = kept_TT[group] @ gram_TT[:, other]
            if other != group and along < 0.0 < square:
                kept_TT[group, other] -= along / square
    out_T: NDArray[np.float64] = kept_TT.sum(0)
    return out_T
