"""Memory bank: segments of former batches, as further negatives.

Legend: N segments of a batch, K of the bank, E embedding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor

from vla_sim.errors import BadConfig
from vla_sim.ranges import at_least, whole


@dataclass(frozen=True, kw_only=True)
class MemoryBankConfig:
    """Settings of MemoryBank."""

    batches: float = 0.0
    """Batches of segments that it holds, 2 to 4 by the chapter's rule; 0 for no bank."""
    max_age: int = 100
    """Updates after which a vector is forgotten: the towers have moved on since. Segments come on
    every `segment_every`-th update, so it should be `batches` times that, at least."""

    def __post_init__(self) -> None:
        at_least(0, batches=self.batches)
        if 0.0 < self.batches < 1.0:
            raise BadConfig(
                f"batches is {self.batches}: a bank smaller than a batch brings fewer negatives "
                "than the batch itself; use 1 or more, or 0 for no bank"
            )
        whole(1, max_age=self.max_age)


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """K segments as they were embedded.

    Attributes:
        vision_KE: Unit vectors, float32, no gradient.
        text_KE: The same.
        action_KE: The same; zero where nobody recorded the actions.
        acted_K: bool, whether somebody did.
        meaning_K: Codes of the meanings.
        episode_K: The episodes' numbers, see `episode_id`.
    """

    vision_KE: Tensor
    text_KE: Tensor
    action_KE: Tensor
    acted_K: Tensor
    meaning_K: Tensor
    episode_K: Tensor

    def __len__(self) -> int:
        return len(self.meaning_K)

    def newest(self, n: int) -> Self:
        """The last n of them."""
        return type(self)(**{name: value[-n:] for name, value in vars(self).items()})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One after the other."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


class MemoryBank:
    """The newest batches, each with the update that it is of.

    A bank's vectors were made by towers of up to `max_age` updates ago, and no gradient flows into
    them. They are negatives only: whoever means the same, or is the same episode, is left out by
    its id, for a stale positive would hold the towers back.
    """

    def __init__(self, config: MemoryBankConfig) -> None:
        self.config = config
        self._blocks: list[tuple[int, Remembered]] = []

    def __len__(self) -> int:
        return sum(len(block) for _, block in self._blocks)

    def push(self, batch: Remembered, *, n_steps: int) -> None:
        """Take a batch in, and let go of what is too old or too much.

        Args:
            batch: Its segments.
            n_steps: Updates that were made before the one that it is of.
        """
        self._blocks.append((n_steps, batch))
        left = max(int(self.config.batches * len(batch)), 1)
        kept: list[tuple[int, Remembered]] = []
        for step, block in reversed(self._blocks):
            if left <= 0 or n_steps - step > self.config.max_age:
                break
            kept.append((step, block if len(block) <= left else block.newest(left)))
            left -= len(block)
        self._blocks = kept[::-1]

    def held(self, *, n_steps: int) -> Remembered | None:
        """What is young enough at an update; None if nothing is."""
        young = [b for step, b in self._blocks if n_steps - step <= self.config.max_age]
        return Remembered.joined(young) if young else None

    def state(self) -> tuple[dict[str, Tensor], list[list[int]]]:
        """The vectors, and the update and number of rows of each batch."""
        if not self._blocks:
            return {}, []
        joined = Remembered.joined([block for _, block in self._blocks])
        sizes = [[step, len(block)] for step, block in self._blocks]
        return {name: value.clone() for name, value in vars(joined).items()}, sizes

    def load_state(
        self, tensors: Mapping[str, Tensor], sizes: Sequence[Sequence[int]], device: torch.device
    ) -> None:
        """Become the bank that gave this state."""
        self._blocks = []
        first = 0
        for step, n in sizes:
            block: dict[str, Any] = {
                name: value[first : first + n].to(device) for name, value in tensors.items()
            }
            self._blocks.append((int(step), Remembered(**block)))
            first += n
