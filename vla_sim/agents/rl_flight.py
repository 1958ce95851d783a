"""Episodes under way: what has to be known of them to bring them back.

An episode is determined by its scene and what is decided in it, so that nothing else is kept.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import DamagedFile


@dataclass(frozen=True, kw_only=True)
class FlightState:
    """n episodes under way.

    Attributes:
        place: int64 (n,), their tasks, by place among those of the practice.
        seed: int64 (n,), their scenes.
        count: int64 (n,), decisions made in each.
        decided: float32 (n, most of `count`, n_act), what was decided; zeros after the last one.
        paid: float64 (n,), their returns so far.
        n_steps: int64 (n,), their control steps so far.
    """

    place: NDArray[np.int64]
    seed: NDArray[np.int64]
    count: NDArray[np.int64]
    decided: NDArray[np.float32]
    paid: NDArray[np.float64]
    n_steps: NDArray[np.int64]

    @property
    def longest(self) -> int:
        """Most decisions in one of them."""
        return int(self.count.max())

    def decision(self, t: int) -> NDArray[np.float32]:
        """What each slot decides, (n, n_act), when the one ahead of all makes its decision t.

        All arrive together, so that who has decided less often begins later: zeros until then.
        """
        place = t - (self.longest - self.count)
        rows = self.decided[np.arange(len(place)), np.maximum(place, 0)]
        return np.where(place[:, None] >= 0, rows, np.float32(0.0))


class Flight:
    """Keeps what `FlightState` holds, as it happens."""

    def __init__(self, n: int, n_act: int) -> None:
        self._place = np.zeros(n, dtype=np.int64)
        self._seed = np.zeros(n, dtype=np.int64)
        self._count = np.zeros(n, dtype=np.int64)
        self._paid = np.zeros(n)
        self._n_steps = np.zeros(n, dtype=np.int64)
        self._decided = np.zeros((n, 64, n_act), dtype=np.float32)

    def begin(
        self, slots: NDArray[np.int64], places: NDArray[np.int64], seeds: NDArray[np.int64]
    ) -> None:
        """Episodes of some tasks and seeds begin in the slots."""
        self._place[slots], self._seed[slots] = places, seeds
        for kept in (self._count, self._paid, self._n_steps, self._decided):
            kept[slots] = 0

    def note(
        self,
        decided: NDArray[np.float32],
        reward: NDArray[np.float64],
        n_steps: NDArray[np.int64],
    ) -> None:
        """A decision was made in every slot, and this is what it brought."""
        if self._count.max() == self._decided.shape[1]:
            self._decided = np.concatenate((self._decided, np.zeros_like(self._decided)), axis=1)
        self._decided[np.arange(len(decided)), self._count] = decided
        self._count += 1
        self._paid += reward
        self._n_steps += n_steps

    def told(self, slot: int) -> dict[str, Any]:
        """An episode as SB3 wants to hear of it when it ends: its return and length."""
        return {"r": float(self._paid[slot]), "l": int(self._n_steps[slot])}

    @property
    def state(self) -> FlightState:
        """What is under way now."""
        return FlightState(
            place=self._place.copy(),
            seed=self._seed.copy(),
            count=self._count.copy(),
            decided=self._decided[:, : int(self._count.max())].copy(),
            paid=self._paid.copy(),
            n_steps=self._n_steps.copy(),
        )

    def check(self, state: FlightState) -> None:
        """See that a state is of as many slots and the same robot, and whole.

        Raises:
            DamagedFile: If not.
        """
        n, _, n_act = self._decided.shape
        fits = state.decided.ndim == 3 and state.decided.shape == (n, state.longest, n_act)
        each = (state.place, state.seed, state.count, state.paid, state.n_steps)
        if not fits or any(values.shape != (n,) for values in each) or state.count.min() < 0:
            raise DamagedFile(
                f"the episodes under way were kept as {state.decided.shape} decisions; {n} slots "
                f"with actions of {n_act} components have no use for them: finetune again"
            )

    def load(self, state: FlightState) -> None:
        """Take over a state that was checked."""
        self._place[:], self._seed[:], self._count[:] = state.place, state.seed, state.count
        self._paid[:], self._n_steps[:] = state.paid, state.n_steps
        while self._decided.shape[1] < state.decided.shape[1]:
            self._decided = np.concatenate((self._decided, np.zeros_like(self._decided)), axis=1)
        self._decided[:] = 0
        self._decided[:, : state.decided.shape[1]] = state.decided
