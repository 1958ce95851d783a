"""Stages: at which instruction of its chain each slot is, and for how long its goal has held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ids = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a control step came to, n rows.

    Attributes:
        is_last: The slot is at the last instruction of its chain.
        ended: That one has held for long enough; where only its end counts, its horizon is over.
        next_asked: One before it has, so that the next is due.
        truncated: The horizon of the present one is over.
    """

    is_last: Bools
    ended: Bools
    next_asked: Bools
    truncated: Bools


class Stages:
    """n slots, each in a chain of instructions, every one of which has a horizon of its own.

    Attributes:
        number: Which instruction of its chain each slot is at, from 0.
        n_asked: How many its chain has.
        held: For how many steps its goal has held without a break.
    """

    def __init__(self, n: int, *, hold_steps: int) -> None:
        """Chains of one instruction, none of them begun.

        Args:
            n: Slots.
            hold_steps: For how many steps a goal has to hold; 0 where only its end counts.
        """
        self.number = np.zeros(n, dtype=np.int64)
        self.n_asked = np.ones(n, dtype=np.int64)
        self._hold_steps = hold_steps
        self._began = np.zeros(n, dtype=np.int64)
        self.held = np.zeros(n, dtype=np.int64)
        self._goals: list[tuple[int, ...]] = [(0,)] * n
        self._excused: dict[str, Bools] = {}

    def begin(self, ids: Ids, goals: Sequence[tuple[int, ...]]) -> None:
        """Begin a chain in each of the slots `ids`, with these goals in their order."""
        for slot, chain in zip(ids.tolist(), goals, strict=True):
            self._goals[slot] = chain
            self.n_asked[slot] = len(chain)
        self.number[ids] = 0
        self._began[ids] = 0
        self.held[ids] = 0
        for excused in self._excused.values():
            excused[ids] = False

    def goal(self, slot: int) -> int:
        """What is asked of a slot now."""
        return self._goals[slot][int(self.number[slot])]

    def turn(self, success: Bools, failure: Bools, steps: Ids, horizon_steps: int) -> Turn:
        """Count a control step.

        Args:
            success: The goal holds now, (n,).
            failure: The task ended the episode, (n,).
            steps: How many steps each episode has come to, (n,).
            horizon_steps: Of one instruction.
        """
        self.held = np.where(success, self.held + 1, 0)
        over = steps - self._began >= horizon_steps
        # Where only its end counts, the horizon is the task's own end and cuts nothing short.
        done = self.held >= self._hold_steps if self._hold_steps else over
        is_last = self.number + 1 >= self.n_asked
        next_asked = done & ~is_last & ~failure
        return Turn(
            is_last=is_last,
            ended=done & is_last,
            next_asked=next_asked,
            truncated=over & ~next_asked,
        )

    def advance(self, ids: Ids, steps: Ids) -> None:
        """Take the slots `ids` to the next instruction, whose horizon begins at `steps` (n,)."""
        self.number[ids] += 1
        self._began[ids] = steps[ids]
        self.held[ids] = 0

    def excuse(self, ids: Ids, now: Mapping[str, Bools], before: Mapping[str, Bools]) -> None:
        """Note what is wrong in the slots `ids` as their next instruction is given.

        What was right under the one before is excused: the drawer that was to be opened is now
        another one that is open.

        Args:
            ids: Slots, (m,).
            now: Violations under the next instruction, (n,) each.
            before: Those that were counted in the same state under the one before it.
        """
        for name, there in now.items():
            excused = self._excused.setdefault(name, np.zeros(len(there), dtype=np.bool_))
            excused[ids] = there[ids] & ~before[name][ids]

    def counted(self, violations: Mapping[str, Bools]) -> Mapping[str, Bools]:
        """Violations, (n,) each, less what was excused and has not ceased since."""
        if not self._excused:
            return violations
        for name, excused in self._excused.items():
            excused &= violations[name]
        return {name: there & ~self._excused[name] for name, there in violations.items()}
