"""Policy: from what is seen and told to a chunk of actions."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.observation import PolicyInput


class Policy(Protocol):
    """Whoever acts on what a robot has. It is not given the truth; a `Teacher` is.

    A policy that remembers nothing is a function of its input. One that remembers is a
    `StatefulPolicy`.
    """

    @property
    def needs_images(self) -> bool:
        """Whether cameras have to be rendered for it."""
        ...

    @property
    def n_action_steps(self) -> int:
        """How many steps of a chunk are executed before the next call; read once."""
        ...

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """Normalised actions.

        Only episodes whose last chunk is used up are in the input: m and the order of rows change
        from call to call.

        Returns:
            Floating point, shape (m, k, n_act) with k >= n_action_steps and n_act as in
            `told.embodiment`. Components beyond [-1, 1] are clipped and counted as violations.
        """
        ...


@runtime_checkable
class StatefulPolicy(Policy, Protocol):
    """A policy that remembers, row by row, what it saw of the episode so far.

    Its episodes do not depend on the batch where what it keeps of a row is changed by that row's
    input alone.
    """

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`: the next input with such a number in `row` is a new episode's."""
        ...


@runtime_checkable
class FalliblePolicy(Policy, Protocol):
    """A policy that may fail in one episode and go on in the others."""

    def failure(self, row: int) -> str:
        """Why it cannot go on with the row's episode; "" where it can."""
        ...


@runtime_checkable
class LatePolicy(Policy, Protocol):
    """A policy whose chunk may be for an observation before the one that it was asked about.

    So a server answers that infers while the robot moves on. What is late acts as it is, and is
    counted.
    """

    def is_late(self, row: int) -> bool:
        """Whether the row's last chunk was for an earlier observation of its episode."""
        ...
