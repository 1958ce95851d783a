"""The role of a weigher: what the weight of each term is multiplied with, learnt on the way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a weigher is shown of one update.

    Attributes:
        values: {term: its loss before any weight}.
        norms: {term: length of the gradient of its weighted loss at the shared representation}, of
            the terms that reach it; None where it did not ask.
        chance: {term: the loss of knowing nothing}, of the terms of which it is known beforehand.
    """

    values: Mapping[str, float]
    norms: Mapping[str, float] | None
    chance: Mapping[str, float]


class Weigher:
    """Multiplies weights; it is never part of what the model differentiates."""

    def factor(self, term: str) -> float:
        """What the weight of a term is multiplied with; 1 for a term that it leaves alone."""
        raise NotImplementedError

    def asks_norms(self, terms: Collection[str]) -> list[str]:
        """Of which of an update's terms it wants to know the length of the gradient."""
        del terms
        return []

    def see(self, seen: Seen) -> None:
        """Learn from one update."""
        raise NotImplementedError

    def sigmas(self) -> dict[str, float]:
        """{term: its standard deviation}, where there is such a thing."""
        return {}

    def state(self) -> dict[str, Tensor]:
        """All that the next factors depend on, copied."""
        raise NotImplementedError

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another weigher with equal settings."""
        raise NotImplementedError
