"""Hands: how a decision of an agent becomes the actions of a robot."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Hand(Protocol):
    """Turns decisions into actions; it may remember, row by row, what it had begun."""

    def begin(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin in the slots `ids`."""
        ...

    def actions(self, rows: NDArray[np.int64], decided: Floats, n_steps: int) -> Floats:
        """What the robots do for the next steps.

        Args:
            rows: Which slots decided, (m,).
            decided: What, (m, n_act).
            n_steps: Control steps until the next decision.

        Returns:
            (m, n_steps, n_act)
        """
        ...


class DirectHand:
    """A decision is an action, held until the next one."""

    def begin(self, ids: NDArray[np.int64]) -> None:
        """Nothing is remembered."""

    def actions(self, rows: NDArray[np.int64], decided: Floats, n_steps: int) -> Floats:
        """The decision, as often as there are steps."""
        return np.repeat(decided[:, None], n_steps, axis=1)


class Base(Protocol):
    """A policy that others correct: it plans by itself, and says what it would do next."""

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`."""
        ...

    def ahead(self, rows: NDArray[np.int64], n_steps: int) -> Floats:
        """The next actions of some rows, within [-1, 1], (m, n_steps, n_act)."""
        ...


class ResidualHand:
    """A decision is a correction, at most `scale` a component, of what a base policy would do.

    A decision of zeros is the base policy to the last bit.

    Source:
        Ankile et al., "From imitation to refinement" (ResiP), 2024.
    """

    def __init__(self, base: Base, scale: float) -> None:
        self.base = base
        self.scale = np.float32(scale)

    def begin(self, ids: NDArray[np.int64]) -> None:
        """The base forgets."""
        self.base.reset(ids)

    def actions(self, rows: NDArray[np.int64], decided: Floats, n_steps: int) -> Floats:
        """What the base would do, each step corrected alike, within [-1, 1]."""
        correction = self.scale * np.clip(decided, -1.0, 1.0)
        corrected: Floats = np.clip(
            self.base.ahead(rows, n_steps) + correction[:, None], -1.0, 1.0, dtype=np.float32
        )
        return corrected
