"""Graded: a task that says how far an attempt has come, and what became of the things."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.things import Things


@runtime_checkable
class Graded(Protocol):
    """What a task may be beside a `Task`; neither success nor reward depends on it."""

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, NDArray[np.float64]]:
        """{sub-goal: (n,) what is left of it now}, each in a unit of its own.

        It is 0 where the sub-goal is reached, finite and >= 0 elsewhere. The names are the same in
        every call. Success is none of them: it is the last sub-goal of every task.
        """
        ...

    def things(self, goal: NDArray[np.int64]) -> Things | None:
        """The K things of the scene and which of them the goals (n,) are about; None: no things.

        K is the same in every call.
        """
        ...
