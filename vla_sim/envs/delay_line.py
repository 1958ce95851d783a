"""Delay line: actions that arrive some control steps late."""

import numpy as np
from numpy.typing import NDArray

MAX_LATENCY_STEPS = 4


class DelayLine:
    """Holds back the actions of n simulations, each by its own number of steps.

    Until its first action arrives, a simulation gets zeros: no motion, no acceleration.
    """

    def __init__(self, n: int, n_act: int) -> None:
        self._steps = np.zeros(n, dtype=np.int64)
        self._latest = np.zeros((n, MAX_LATENCY_STEPS + 1, n_act))
        self._all = np.arange(n)

    def begin(self, slot: int, steps: int) -> None:
        """Start an episode whose actions come `steps` late."""
        assert 0 <= steps <= MAX_LATENCY_STEPS
        self._steps[slot] = steps
        self._latest[slot] = 0.0

    def pass_on(self, actions: NDArray[np.float64]) -> NDArray[np.float64]:
        """What arrives now, (n, n_act), when `actions` are sent now."""
        if not self._steps.any():
            return actions
        self._latest[:, 1:] = self._latest[:, :-1].copy()
        self._latest[:, 0] = actions
        return self._latest[self._all, self._steps]
