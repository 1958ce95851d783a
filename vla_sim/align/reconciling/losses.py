"""The losses of one step beside what they were computed from, and gradients of some of them.

Legend: T rows, one of some losses each, X flattened representation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

BLOCK = 4096
"""Products of float32 are summed over so many entries in float32 and beyond them in float64: as
exact as all of it in float64, without a copy that is twice as large."""


@dataclass(frozen=True, kw_only=True)
class StepLosses:
    """What a step is to learn from.

    Attributes:
        weighted: {term: loss times its weight}.
        total: Their sum.
        shared: The representation that the losses share, as the towers made it.
        leaves: What the losses were computed from: the same tensors, or, where gradients are to be
            changed before they reach the towers, the same values cut off from them.
        heads: All parameters that learn.
    """

    weighted: Mapping[str, Tensor]
    total: Tensor
    shared: Sequence[Tensor]
    leaves: Sequence[Tensor]
    heads: Sequence[nn.Parameter]

    @classmethod
    def of(
        cls,
        terms: Mapping[str, Tensor],
        weights: Mapping[str, float],
        *,
        shared: Sequence[Tensor],
        leaves: Sequence[Tensor],
        parameters: Iterable[nn.Parameter],
    ) -> "StepLosses":
        """Terms with their weights, beside what they were computed from."""
        weighted = {name: weights[name] * term for name, term in terms.items()}
        return cls(
            weighted=weighted,
            total=torch.stack(list(weighted.values())).sum(),
            shared=shared,
            leaves=leaves,
            heads=[parameter for parameter in parameters if parameter.requires_grad],
        )

    def sum_of(self, names: Iterable[str]) -> Tensor:
        """The sum of some weighted losses."""
        return torch.stack([self.weighted[name] for name in names]).sum()

    @property
    def learnt_through(self) -> list[Tensor]:
        """Those leaves through which a tower learns."""
        return [z for z in self.leaves if z.requires_grad]

    def row_of(self, names: Iterable[str]) -> Tensor | None:
        """Gradient of some losses at the representation, shape (X,); None where none reaches it."""
        leaves = self.learnt_through
        loss = self.sum_of(names)
        if not leaves or not loss.requires_grad:
            return None
        found = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        return None if all(g is None for g in found) else _flat(found, leaves)

    def rows_of(self, parts: Iterable[Sequence[str]]) -> Tensor | None:
        """Gradients of parts of the losses at the representation, shape (T, X).

        The heads' own gradients are added up on the way, as one backward would have done.

        Returns:
            None where no tower learns.
        """
        leaves = self.learnt_through
        rows: list[Tensor] = []
        for names in parts:
            found = torch.autograd.grad(
                self.sum_of(names), [*leaves, *self.heads], retain_graph=True, allow_unused=True
            )
            if leaves:
                rows.append(_flat(found[: len(leaves)], leaves))
            for parameter, gradient in zip(self.heads, found[len(leaves) :], strict=True):
                if gradient is not None:
                    before = parameter.grad
                    parameter.grad = gradient if before is None else before + gradient
        return torch.stack(rows) if rows else None

    def into_towers(self, gradient_X: Tensor) -> None:
        """Backward through the towers from a gradient at the representation."""
        learnt = [z for z in self.shared if z.requires_grad]
        pieces = torch.split(gradient_X, [z.numel() for z in learnt])
        torch.autograd.backward(
            learnt, [piece.view_as(z) for piece, z in zip(pieces, learnt, strict=True)]
        )


def _flat(gradients: Sequence[Tensor | None], like: Sequence[Tensor]) -> Tensor:
    return torch.cat(
        [
            (torch.zeros_like(z) if gradient is None else gradient).flatten()
            for gradient, z in zip(gradients, like, strict=True)
        ]
    )


def gramian(row_TX: Tensor) -> NDArray[np.float64]:
    """<g_i, g_j> of rows of float32, summed in float64; one read off the device."""
    n_rows, n = row_TX.shape
    whole = n - n % BLOCK
    block_NTB = row_TX[:, :whole].view(n_rows, -1, BLOCK).transpose(0, 1)
    rest_TB = row_TX[:, whole:]
    gram_TT = (block_NTB @ block_NTB.transpose(1, 2)).double().sum(0)
    gram_TT = gram_TT + (rest_TB @ rest_TB.T).double()
    return np.asarray(gram_TT.tolist(), dtype=np.float64)
