"""Conflict-free: a sum of gradients that works against none of them, however long each is.

Legend: T groups.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.align.reconciling.cone import into_cone
from vla_sim.align.reconciling.reconciler import Groups, Reconciler, ReconcilerConfig


@dataclass(frozen=True, kw_only=True)
class ConflictFreeConfig(ReconcilerConfig):
    """Settings of the conflict-free sum; it has none of its own."""

    def build(self, groups: Groups) -> Reconciler:
        """See `ReconcilerConfig`."""
        return Reconciler(self, groups, surgery=conflict_free)


def conflict_free(
    gram_TT: NDArray[np.float64], generator: torch.Generator | None = None
) -> NDArray[np.float64]:
    """How much of each gradient is in the sum of all, each first projected onto the dual cone.

    Args:
        gram_TT: <g_i, g_j> of the groups' gradients.
        generator: Not drawn from.

    Returns:
        Coefficients of the gradients, each 1 or more, or all 0 where no step helps everybody.

    Source:
        UPGrad, arXiv 2406.16232, equation 5, as a sum instead of a mean, without the ridge that
        leaves conflicts where norms differ.
    """
    own_TT = np.eye(len(gram_TT))
    everybody = range(len(gram_TT))
    projected_TT = np.stack([into_cone(gram_TT, own_T, everybody) for own_T in own_TT])
    out_T: NDArray[np.float64] = projected_TT.sum(0)
    return out_T
