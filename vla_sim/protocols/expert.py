"""Expert: the teacher that sees the true state."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Expert(Protocol):
    """A pure function of the privileged state, so that any state can be labelled at any time."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of what it reads of the privileged state."""
        ...

    def chunk(
        self,
        privileged: Mapping[str, NDArray[np.float64]],
        goal: NDArray[np.int64],
        manner: NDArray[np.int64],
        size: int,
    ) -> NDArray[np.float32]:
        """The next `size` actions for each row, as the expert would act if nothing disturbed it.

        Args:
            privileged: The task's true state, {name: (m, ...)}; which names, the task says.
            goal: Index of the goal among the scene's goals, shape (m,).
            manner: Index into MANNERS, shape (m,).
            size: Number of steps.

        Returns:
            Normalised actions, shape (m, size, n_act), each in [-1, 1].
        """
        ...
