"""A memory of decisions in which what was violated costs what it costs today."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer

Floats = NDArray[np.float32]
OWED = "owed"
"""Key of a slot's info: what of its bounds it broke first, see `Turn.owed`."""


class PricedBuffer(ReplayBuffer):
    """A replay buffer whose rewards are at one price of a violation, whenever it happened.

    A price moves while decisions are remembered. At the prices of their time old violations, and
    all that is shown before the first improvement, would be free for ever.

    Attributes:
        unpriced: float32 (rows, slots), what was paid before any price was taken off.
        owed: float32 (rows, slots, tasks, bounds), see `Turn.owed`.
        prices: float32 (tasks, bounds), what `rewards` are at.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unpriced: Floats = np.zeros_like(self.rewards)
        self.prices: Floats = np.zeros((0, 0), dtype=np.float32)
        self.owed: Floats = np.zeros((*self.rewards.shape, 0, 0), dtype=np.float32)

    def price(self, prices: NDArray[np.floating]) -> None:
        """Let all that is remembered be at these prices, (tasks, bounds); what comes is at them."""
        self.prices = prices.astype(np.float32)
        if self.owed.shape[2:] != prices.shape:
            self.owed = np.zeros((*self.rewards.shape, *prices.shape), dtype=np.float32)
        self.rewards[:] = self.unpriced - self._cost(self.owed)

    def add(
        self,
        obs: NDArray[Any],
        next_obs: NDArray[Any],
        action: NDArray[Any],
        reward: NDArray[Any],
        done: NDArray[Any],
        infos: list[dict[str, Any]],
    ) -> None:
        """Remember a decision of each slot."""
        place = self.pos
        super().add(obs, next_obs, action, reward, done, infos)
        self.unpriced[place] = self.rewards[place]
        if self.prices.size:
            self.owed[place] = np.stack([info[OWED] for info in infos])
            self.unpriced[place] += self._cost(self.owed[place])

    def _cost(self, owed: Floats) -> Floats:
        cost: Floats = (owed * self.prices).sum(axis=(-2, -1))
        return cost
