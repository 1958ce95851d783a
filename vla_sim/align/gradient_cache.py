"""Gradient caching: a batch of any size in the memory of a portion, with the same gradient.

Rows are encoded in portions without keeping what a backward pass needs; losses are taken of the
vectors of all of them; then each portion is encoded once more, with the gradient of its vectors.

Legend: N rows.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Generator, Tensor

Encode = Callable[[slice], tuple[Tensor, ...]]
"""From some of the rows to what they give, each (rows, ...)."""


class GradientCache:
    """The vectors of one batch, and the way back from their gradients to the weights.

    Source:
        GradCache (arXiv 2101.06983), algorithm 1.
    """

    def __init__(
        self,
        encode: Encode,
        n_rows: int,
        *,
        portion: int,
        generators: Sequence[Generator],
        device: torch.device,
    ) -> None:
        """Encode all rows, a portion after the other.

        Args:
            encode: What the rows go through.
            n_rows: How many there are, one or more.
            portion: Rows at once.
            generators: Whatever `encode` draws from, beside torch's own: a portion meets the same
                draws when it is encoded again.
            device: Where it computes.
        """
        self._encode = encode
        self._draws = partial(Draws, generators, device)
        self._portions = [
            slice(first, min(first + portion, n_rows)) for first in range(0, n_rows, portion)
        ]
        self._before: list[Draws] = []
        made: list[tuple[Tensor, ...]] = []
        with torch.no_grad():
            for rows in self._portions:
                self._before.append(self._draws())
                made.append(encode(rows))
        self.vectors = tuple(torch.cat(parts).requires_grad_() for parts in zip(*made, strict=True))
        """What `encode` gives of all rows, as leaves: take losses of them, then `backward`."""

    def backward(self) -> None:
        """Add the gradients of the weights to those that they have."""
        after = self._draws()
        for rows, before in zip(self._portions, self._before, strict=True):
            before.put_back()
            outs, gradients = [], []
            for out, leaf in zip(self._encode(rows), self.vectors, strict=True):
                if leaf.grad is not None and out.requires_grad:
                    outs.append(out)
                    gradients.append(leaf.grad[rows])
            if outs:
                torch.autograd.backward(outs, gradients)
        after.put_back()


class Draws:
    """What torch's generators, and others, are about to draw."""

    def __init__(self, generators: Sequence[Generator], device: torch.device) -> None:
        """Remember it.

        Args:
            generators: Those beside torch's own.
            device: Whose own generator counts, beside the CPU's.
        """
        self._generators, self._device = generators, device
        self._states = [generator.get_state() for generator in generators]
        self._own = torch.get_rng_state()
        self._on_gpu = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def put_back(self) -> None:
        """Have it drawn, whatever was drawn since."""
        for generator, state in zip(self._generators, self._states, strict=True):
            generator.set_state(state)
        torch.set_rng_state(self._own)
        if self._on_gpu is not None:
            torch.cuda.set_rng_state(self._on_gpu, self._device)
