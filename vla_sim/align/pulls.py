"""Pulls: which terms of the objective were seen to move anything.

A term that is switched on, is never zero and yet has no gradient looks healthy in every log. To
look at each term on every update would cost a backward each; so a term is looked at until it was
seen to pull, which it mostly does the first time, and what does not is looked at again and again at
longer intervals.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vla_sim.align.model import AlignModel


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A term that has not been seen to pull.

    Attributes:
        n_taken: Updates in which it was taken.
        n_still: Looks at which it was not zero and had no gradient.
    """

    n_taken: int = 0
    n_still: int = 0


class Pulls:
    """Looks at gradients of single terms, as seldom as it can."""

    def __init__(self, model: AlignModel, *, own: Collection[str]) -> None:
        """Nothing was seen yet.

        Args:
            model: What learns.
            own: Terms of the user's own.
        """
        self.model = model
        self.own = own
        self.pulled: set[str] = set()
        self.doubts: dict[str, Doubt] = {}

    def lengths(self, terms: Mapping[str, Tensor], leaves: Sequence[Tensor]) -> dict[str, Tensor]:
        """Lengths of the gradients of those terms that are to be looked at now, as scalars.

        Nothing is remembered of it before `note`.

        Args:
            terms: Losses of this update; their graph is kept.
            leaves: The representation that they were computed from.
        """
        asked = []
        for name in terms:
            if name in self.pulled:
                continue
            if _is_power_of_two(self.doubts.get(name, Doubt()).n_taken + 1):
                asked.append(name)
        return {name: _length(terms[name], [*leaves, *self._behind(name)]) for name in asked}

    def note(self, lengths: Mapping[str, float], values: Mapping[str, float]) -> None:
        """Take in an update that was made, and what was seen of it.

        Args:
            lengths: Those that were asked for, as numbers.
            values: {term: its loss} of all that were taken; one that is zero has no gradient to be
                expected.
        """
        for name in [name for name in values if name not in self.pulled]:
            if lengths.get(name, 0.0) != 0.0:
                self.pulled.add(name)
                self.doubts.pop(name, None)
                continue
            doubt = self.doubts.get(name, Doubt())
            is_still = name in lengths and values[name] != 0.0
            self.doubts[name] = Doubt(
                n_taken=doubt.n_taken + 1, n_still=doubt.n_still + int(is_still)
            )

    def _behind(self, term: str) -> list[nn.Parameter]:
        """What a term may move besides the representation: of the user's own, any weight."""
        towers = () if term in self.own else (self.model.vision, self.model.text)
        passed = {id(weight) for tower in towers for weight in tower.parameters()}
        return [weight for weight in self.model.parameters() if id(weight) not in passed]

    @property
    def still(self) -> dict[str, int]:
        """{term: looks in vain}: it was not zero, had no gradient, and never had one."""
        return {name: doubt.n_still for name, doubt in self.doubts.items() if doubt.n_still}

    def state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        doubts = {name: [doubt.n_taken, doubt.n_still] for name, doubt in self.doubts.items()}
        return {"pulled": sorted(self.pulled), "doubts": doubts}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where another stopped."""
        self.pulled = set(state["pulled"])
        self.doubts = {
            name: Doubt(n_taken=n_taken, n_still=n_still)
            for name, (n_taken, n_still) in state["doubts"].items()
        }


def _is_power_of_two(n: int) -> bool:
    return n & (n - 1) == 0


def _length(term: Tensor, through: Sequence[Tensor]) -> Tensor:
    wanted = [tensor for tensor in through if tensor.requires_grad]
    if not term.requires_grad or not wanted:
        return term.new_zeros(())
    found = torch.autograd.grad(term, wanted, retain_graph=True, allow_unused=True)
    there = [gradient.detach().norm().to(term.dtype) for gradient in found if gradient is not None]
    return torch.stack(there).norm() if there else term.new_zeros(())
