"""Course: how far each slot has come, and where its things are, at every state of its episode.

Noted from what a task that is `Graded` says; success, reward and physics do not depend on it.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.protocols.graded import Graded
from vla_sim.records.things import Things

Row = TypeVar("Row", bound=np.generic)


class Course:
    """Preallocated rows beside those of the `Recorder`, which grow with them."""

    def __init__(self, crank: Crank) -> None:
        self._crank = crank
        self._task = crank.task if isinstance(crank.task, Graded) else None
        self._shape = (crank.n, crank.horizon_steps + 1)
        self._left: dict[str, NDArray[np.float32]] = {}
        self._things: Things | None = None
        self._stage = np.zeros(self._shape, dtype=np.int16)

    def note(self, ids: NDArray[np.int64]) -> None:
        """Note the present state of the slots `ids`."""
        if self._task is None:
            return
        crank, t = self._crank, self._crank.steps[ids]
        self._stage[ids, t] = crank.stages.number[ids]
        for name, left in self._task.subgoals(crank.goal).items():
            if name not in self._left:
                self._left[name] = np.zeros(self._shape, dtype=np.float32)
            self._left[name][ids, t] = left[ids]
        now = self._task.things(crank.goal)
        if now is None:
            return
        kept = self._things = self._things or _blank(now, self._shape)
        kept.position[ids, t] = now.position[ids]
        kept.upright[ids, t] = now.upright[ids]
        kept.held[ids, t] = now.held[ids]
        kept.concerned[ids, t] = now.concerned[ids]

    def grow(self, more: int) -> None:
        """Make room for so many more states."""
        n, t = self._shape
        self._shape = (n, t + more)
        self._stage = _longer(self._stage, more)
        self._left = {name: _longer(rows, more) for name, rows in self._left.items()}
        if self._things is not None:
            kept = self._things
            self._things = replace(
                kept,
                position=_longer(kept.position, more),
                upright=_longer(kept.upright, more),
                held=_longer(kept.held, more),
                concerned=_longer(kept.concerned, more),
            )

    def subgoals(self, slot: int, t: int) -> dict[str, NDArray[np.float32]]:
        """{name: float32 (t + 1,)} what was left of the sub-goals of a slot."""
        return {name: rows[slot, : t + 1].copy() for name, rows in self._left.items()}

    def stage(self, slot: int, t: int) -> NDArray[np.int16] | None:
        """(t + 1,) number of the instruction in its chain; None for a single instruction."""
        if self._task is None or self._crank.stages.n_asked[slot] == 1:
            return None
        return self._stage[slot, : t + 1].copy()

    def things(self, slot: int, t: int) -> Things | None:
        """The things of a slot over t + 1 states; None where there are none."""
        kept = self._things
        if kept is None:
            return None
        return replace(
            kept,
            position=kept.position[slot, : t + 1].copy(),
            upright=kept.upright[slot, : t + 1].copy(),
            held=kept.held[slot, : t + 1].copy(),
            concerned=kept.concerned[slot, : t + 1].copy(),
        )


def _blank(now: Things, shape: tuple[int, int]) -> Things:
    """Room for things like these in rows of the shape (n, t)."""
    k = now.position.shape[1]
    return Things(
        position=np.zeros((*shape, k, 3), dtype=np.float32),
        upright=np.zeros((*shape, k), dtype=np.float32),
        held=np.zeros((*shape, k), dtype=np.bool_),
        concerned=np.zeros((*shape, k), dtype=np.bool_),
        drives=now.drives,
    )


def _longer(rows: NDArray[Row], more: int) -> NDArray[Row]:
    blank = np.zeros((len(rows), more, *rows.shape[2:]), dtype=rows.dtype)
    return np.concatenate([rows, blank], axis=1)
