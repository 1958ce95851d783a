"""The sentences of a batch, each distinct one once.

Legend: N sentences, D features.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from vla_sim.align.encoders.text import Reading, TextEncoder

N_KEPT = 200_000
"""Sentences of a tower that stands still after which all that is kept is dropped, 0.2 GB: words are
drawn anew in every update, and most of them never come again."""


class Sentences:
    """Sentences that are ready to be encoded: all of them, or some now and others later."""

    def __init__(self, texts: Sequence[str], read: Callable[[list[str]], Reading]) -> None:
        """Take in sentences; nothing is encoded yet.

        Args:
            texts: The sentences.
            read: Makes the distinct ones ready, see `TextEncoder.reading`.
        """
        place: dict[str, int] = {}
        self._distinct = [place.setdefault(text, len(place)) for text in texts]
        self._features = read(list(place))

    def features(self, places: Sequence[int]) -> Tensor:
        """Features of the sentences at these places, each distinct one encoded once, (N, D)."""
        order: dict[int, int] = {}
        index = [order.setdefault(self._distinct[place], len(order)) for place in places]
        distinct_UD = self._features(list(order))
        return distinct_UD[torch.tensor(index, device=distinct_UD.device)]


class KeptTexts:
    """Features of sentences as they were when each was first asked for, of a tower that stays."""

    def __init__(self) -> None:
        self._features: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return len(self._features)

    def forget(self) -> None:
        """Drop them; for whoever changes the tower."""
        self._features.clear()

    def features(
        self, tower: TextEncoder, texts: Sequence[str], *, most: int | None = None
    ) -> Tensor:
        """Of sentences, shape (N, D); nothing is learnt through them.

        Args:
            tower: Encodes those that are missing.
            texts: The sentences.
            most: Those that are kept are dropped first where they are more than this: only for a
                tower that stands still, which makes the same of them again. None to keep all.
        """
        if most is not None and len(self) > most:
            self.forget()
        missing = [text for text in dict.fromkeys(texts) if text not in self._features]
        if missing:
            with torch.no_grad():
                self._features.update(zip(missing, tower.steady(missing), strict=True))
        return torch.stack([self._features[text] for text in texts])
