"""How many different things are among a query's candidates.

Legend: M candidates.
"""

from torch import Tensor


def n_unique(id_M: Tensor) -> Tensor:
    """How many different ids there are, a scalar that stays on its device."""
    if not len(id_M):
        return id_M.new_zeros(())
    return (id_M.sort().values.diff() != 0).sum() + 1


def episode_id(meaning_M: Tensor, seed_M: Tensor) -> Tensor:
    """One number for an episode: its seed and what it means, as one.

    The product wraps around, the same everywhere: ids are only compared.
    """
    return meaning_M * 1_000_003 + seed_M
