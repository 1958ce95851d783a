"""Delay line: actions that arrive some control steps late."""

import numpy as np
from numpy.typing import NDArray


class DelayLine:
    """Holds back the actions of n simulations, each by its own time.

    An action that arrives within a control step acts for the rest of it: over that step, the mean
    of what acts is the old and the new action in the shares of time that they have, and that is
    what is passed on. Until its first action arrives, a simulation gets zeros: no motion, no
    acceleration.
    """

    def __init__(self, n: int, n_act: int) -> None:
        self._steps = np.zeros(n, dtype=np.int64)
        self._rest = np.zeros((n, 1))
        self._is_late = np.zeros(n, dtype=np.bool_)
        self._latest = np.zeros((n, 2, n_act))  # as far back as anybody is late
        self._all = np.arange(n)

    def begin(self, slot: int, steps: float) -> None:
        """Start an episode whose actions come so many control steps late, whole or not."""
        n, kept, n_act = self._latest.shape
        if (more := int(steps) + 2 - kept) > 0:
            blank = np.zeros((n, more, n_act))
            self._latest = np.concatenate([self._latest, blank], axis=1)
        self._steps[slot] = int(steps)
        self._rest[slot] = steps - int(steps)
        self._is_late[slot] = steps > 0.0
        self._latest[slot] = 0.0

    def is_late(self, slot: int) -> bool:
        """Whether the actions of a simulation act on later steps than they were sent for."""
        return bool(self._is_late[slot])

    def pass_on(self, actions: NDArray[np.float64]) -> NDArray[np.float64]:
        """What arrives now, (n, n_act), when `actions` are sent now."""
        if not self._is_late.any():
            return actions
        self._latest[:, 1:] = self._latest[:, :-1].copy()
        self._latest[:, 0] = actions
        new, old = self._latest[self._all, self._steps], self._latest[self._all, self._steps + 1]
        mixed = (1.0 - self._rest) * new + self._rest * old
        return np.where(self._rest > 0.0, mixed, new)
