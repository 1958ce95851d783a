"""The losses of one step beside what they were computed from, and gradients of some of them.

Legend: T rows, one of some losses each, X flattened representation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vla_sim.align.crew import ALONE, Crew

PIECE = 65_536
"""Entries of a row that are made float64 at once: of all of them the copy alone costs more than
their products."""


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
        crew: The processes among whose rows the representation is shared out.
    """

    weighted: Mapping[str, Tensor]
    total: Tensor
    shared: Sequence[Tensor]
    leaves: Sequence[Tensor]
    heads: Sequence[nn.Parameter]
    crew: Crew = ALONE

    @classmethod
    def of(
        cls,
        terms: Mapping[str, Tensor],
        weights: Mapping[str, float],
        *,
        shared: Sequence[Tensor],
        leaves: Sequence[Tensor],
        parameters: Iterable[nn.Parameter],
        crew: Crew = ALONE,
    ) -> "StepLosses":
        """Terms with their weights, beside what they were computed from."""
        weighted = {name: weights[name] * term for name, term in terms.items()}
        return cls(
            weighted=weighted,
            total=torch.stack(list(weighted.values())).sum(),
            shared=shared,
            leaves=leaves,
            heads=[parameter for parameter in parameters if parameter.requires_grad],
            crew=crew,
        )

    def sum_of(self, names: Iterable[str]) -> Tensor:
        """The sum of some weighted losses."""
        return torch.stack([self.weighted[name] for name in names]).sum()

    @property
    def is_cut(self) -> bool:
        """Whether gradients stop at the leaves, and have to be taken on into the towers."""
        return any(leaf is not z for leaf, z in zip(self.leaves, self.shared, strict=True))

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

        Returns:
            None where no tower learns. A part that does not reach the representation is zero.
        """
        leaves = self.learnt_through
        if not leaves:
            return None
        rows = []
        for names in parts:
            row_X = self.row_of(names)
            rows.append(_flat([None] * len(leaves), leaves) if row_X is None else row_X)
        return torch.stack(rows)

    def into_heads(self) -> None:
        """The plain gradient for all that lies behind the representation; the graph is kept."""
        found = torch.autograd.grad(self.total, self.heads, retain_graph=True, allow_unused=True)
        for parameter, gradient in zip(self.heads, found, strict=True):
            parameter.grad = gradient

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


def gramian(row_TX: Tensor, crew: Crew = ALONE) -> NDArray[np.float64]:
    """<g_i, g_j> of rows, summed in float64; one read off the device.

    Args:
        row_TX: Gradients, of the losses that all processes take.
        crew: The processes among which X is shared out.
    """
    n_rows = len(row_TX)
    gram_TT = torch.zeros((n_rows, n_rows), dtype=torch.float64, device=row_TX.device)
    for piece_TX in torch.split(row_TX, PIECE, dim=1):
        exact_TX = piece_TX.double()
        gram_TT += exact_TX @ exact_TX.T
    # The loss of the batch is the mean of the processes' losses.
    of_batch_TT = crew.total(gram_TT) / crew.size**2
    return np.asarray(of_batch_TT.tolist(), dtype=np.float64)
