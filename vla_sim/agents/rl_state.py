"""Slots that are seen as numbers: the truth, for learners without pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.agents.rl_sight import Seen
from vla_sim.agents.rl_slots import SlotsConfig, SlotVecEnv
from vla_sim.envs.crank import Crank
from vla_sim.envs.faces.state_mode import StateMode
from vla_sim.errors import UnknownName
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

PARTS = ("proprio", "goal")
"""What of the mode "state" says where the robot is and where it has to go."""


class StateObserver:
    """An `Observer` of the mode "state", some of its parts side by side in one row."""

    def __init__(self, crank: Crank, parts: Sequence[str] = PARTS) -> None:
        """Look at a crank.

        Raises:
            UnknownName: If the mode has no such part.
        """
        self._mode = StateMode(crank)
        for part in parts:
            if part not in self._mode.space.spaces:
                raise UnknownName("part of the state", part, self._mode.space.spaces)
        self.parts = tuple(parts)

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """Unbounded numbers."""
        width = sum(spaces.flatdim(self._mode.space[part]) for part in self.parts)
        return spaces.Box(-np.inf, np.inf, (width,), np.float32)

    def see(self, told: PolicyInput) -> Seen:
        """Observations, float32 (m, X)."""
        return self.at(told.row)

    def at(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Observations of slots, float32 (m, X)."""
        seen = self._mode.see(slots)
        return np.concatenate([seen[part] for part in self.parts], axis=1)


class StateSlots(SlotVecEnv):
    """A `SlotVecEnv` over states: no picture is drawn."""

    observer: StateObserver

    def __init__(
        self,
        crank: Crank,
        config: SlotsConfig | None = None,
        *,
        parts: Sequence[str] = PARTS,
        block: int = 0,
    ) -> None:
        """Take over a crank; see `SlotVecEnv`.

        Raises:
            UnknownName: If the mode "state" has no such part.
        """
        super().__init__(crank, StateObserver(crank, parts), config, block=block)

    def _see(self, slots: NDArray[np.int64]) -> Seen:
        return self.observer.at(slots)
