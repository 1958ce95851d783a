"""Sight: what of a simulation a learner is shown, as arrays, and how far an episode looks to be."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

Seen = NDArray[Any] | dict[str, NDArray[Any]]


class Observer(Protocol):
    """What of a simulation an agent gets to see, as arrays."""

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """The space of one simulation's observation."""
        ...

    def see(self, told: PolicyInput) -> Seen:
        """Observations of m simulations, arrays of shape (m, ...) that the caller may keep.

        Of several tasks, `told` is a `MixedInput`.
        """
        ...


class Potential(Protocol):
    """How far an episode has come, from what is seen of it; it remembers row by row."""

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`."""
        ...

    def potential(self, told: PolicyInput) -> NDArray[np.float32]:
        """(m,), one number for each row."""
        ...


def row_of(seen: Seen, slot: int) -> Seen:
    """A copy of what is seen of one slot."""
    if isinstance(seen, Mapping):
        return {name: values[slot].copy() for name, values in seen.items()}
    return np.array(seen[slot])


def put_rows(seen: Seen, slots: NDArray[np.int64], fresh: Seen) -> None:
    """Replace what is seen of some slots."""
    if isinstance(seen, Mapping) and isinstance(fresh, Mapping):
        for name, values in seen.items():
            values[slots] = fresh[name]
    else:
        assert not isinstance(seen, Mapping) and not isinstance(fresh, Mapping)
        seen[slots] = fresh
