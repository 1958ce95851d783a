"""SlotQueue: the rows of one group by age, in a queue of which any place can be read."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class SlotQueue:
    """First in, first out, of the slots of rows; any of them can be read by its place."""

    def __init__(self) -> None:
        self._items: Ints = np.empty(16, np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def push(self, slots: Ints) -> None:
        """Add slots at the young end."""
        n = len(slots)
        if self._tail + n > len(self._items):
            kept = self._items[self._head : self._tail]
            # At least half stays free, so that a push costs O(1) on average.
            self._items = np.empty(2 * (len(kept) + n), np.int64)
            self._items[: len(kept)] = kept
            self._head, self._tail = 0, len(kept)
        self._items[self._tail : self._tail + n] = slots
        self._tail += n

    def pop(self, n: int) -> None:
        """Let the `n` oldest go."""
        self._head += n

    def at(self, places: Ints) -> Ints:
        """The slots at some places, counted from the oldest."""
        return self._items[places + self._head]
