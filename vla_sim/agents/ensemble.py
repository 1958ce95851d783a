"""Temporal ensembling: a chunk is blended with what the chunk before it held for the same steps.

Source: Zhao et al. 2023 (ACT), there over all chunks that are still in force; a running blend is
the same with weights that fall by a constant factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.last_chunk import Floats, LastChunk
from vla_sim.ranges import within
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

ENSEMBLE = 0.5
"""Share of the chunk before, see decision 0027."""
MOST_ENSEMBLE = 0.95
"""More than this would hardly hear of what is seen now."""


@dataclass(frozen=True, kw_only=True)
class _Last(LastChunk):
    """And under which words."""

    words: str


class TemporalEnsemble:
    """Remembers the last chunk of each row; rows do not depend on each other.

    Velocities are blended. What is switched, as a gripper is, is not: half closed is no mean of
    open and closed. Nor is what steers: a car that goes on with half of what it had begun is late
    at obstacles.
    """

    def __init__(self, share: float, *, n_action_steps: int) -> None:
        """An ensemble of chunks.

        Args:
            share: Of the chunk before in the blend; 0: chunks stay as they are.
            n_action_steps: Steps from one decision to the next.

        Raises:
            BadConfig: If the share is not within 0 to MOST_ENSEMBLE.
        """
        within(0, MOST_ENSEMBLE, ensemble=share)
        self.share = share
        self.n_action_steps = n_action_steps
        self._last: dict[int, _Last] = {}

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what the rows `ids` did: new episodes begin in them."""
        for row in ids.tolist():
            self._last.pop(row, None)

    def blended(self, told: PolicyInput, chunk: Floats) -> Floats:
        """The chunks (m, K, n_act), each with its share of the one before; remembers them.

        What was decided under other words, or longer ago than a decision lasts, does not count.
        """
        moved = blends(told.embodiment)
        if self.share == 0.0 or not moved.any():
            return chunk
        out = chunk.copy()
        for place, row in enumerate(told.row.tolist()):
            step, words = int(told.step[place]), told.instructions[place].text
            last = self._last.get(row)
            if last is not None and last.words == words:
                left = last.ahead(step, at_most=self.n_action_steps)
                if left is not None:
                    fresh = out[place, : len(left)]
                    fresh[:, moved] += self.share * (left - fresh)[:, moved]
            self._last[row] = _Last(step=step, words=words, chunk=out[place].copy())
        return out


def blends(embodiment: Embodiment) -> NDArray[np.bool_]:
    """Which action components are blended, (n_act,)."""
    return np.repeat(
        [group.motion is not None and group.order == 1 for group in embodiment.action],
        [group.size for group in embodiment.action],
    )
