"""Bounds: how often episodes may violate something, and what a violation costs meanwhile."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.ranges import above, at_least, whole

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class BoundsConfig:
    """Settings of Bounds."""

    most: Mapping[str, float] = field(default_factory=dict)
    """{violation: the largest share of episodes that may have it}; empty for no bound. `manner` is
    not to have kept the manner that was told."""
    rate: float = 2.0
    """How fast a price rises: its change in a round, for a share of 1 above its bound."""
    most_price: float = 10.0
    """The largest price, in units of success."""
    window: int = 200
    """Episodes over which a share is taken."""
    excess: float = 5.0
    """How much success a share above its bound costs where policies are judged: a point above it
    as much as so many points of success."""

    def __post_init__(self) -> None:
        for name, share in self.most.items():
            if not 0.0 <= share < 1.0:
                raise BadConfig(
                    f"keep {name} is {share}; use a share of episodes from 0 to below 1"
                )
        above(0, rate=self.rate, most_price=self.most_price)
        at_least(0, excess=self.excess)
        whole(1, window=self.window)


class Bounds:
    """Lagrange multipliers of named violations.

    An episode pays the price of a violation once, when it first happens: what it pays is then the
    price times the share that is bounded. A price rises while the share is above its bound and
    falls while it is below.

    What is bounded is the policy, and not the noise that it practises with, which breaks some
    manners in a third of the episodes. So the share is that of the policy alone, on the scenes that
    it is judged by; only where nobody judges it is that of practice.

    Source:
        E. Altman, Constrained Markov Decision Processes (1999); A. Ray, J. Achiam and D. Amodei
        (2019), PPO-Lagrangian.
    """

    def __init__(self, config: BoundsConfig, n: int) -> None:
        """Prices of zero.

        Args:
            config: Settings.
            n: Slots.
        """
        self.config = config
        self.price = dict.fromkeys(config.most, 0.0)
        self.broken = {name: np.zeros(n, dtype=np.bool_) for name in config.most}
        self._ended: dict[str, deque[bool]] = {
            name: deque(maxlen=config.window) for name in config.most
        }

    def check(self, known: Collection[str], task: str) -> None:
        """See that a task has the violations that are named.

        Raises:
            UnknownName: If not, with those that it has.
        """
        for name in self.config.most:
            if name not in known:
                raise UnknownName(f"violation of {task},", name, sorted(known))

    def begin(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin in the slots `ids`."""
        for broken in self.broken.values():
            broken[ids] = False

    def first(self, violations: Mapping[str, Bools], live: Bools) -> Bools:
        """What live slots break for the first time in their episodes, (bounds, n); it is noted."""
        found = np.zeros((len(self.broken), len(live)), dtype=np.bool_)
        for row, (name, broken) in zip(found, self.broken.items(), strict=True):
            row[:] = violations[name] & live & ~broken
            broken |= row
        return found

    def worth(self, first: Bools) -> NDArray[np.float64]:
        """What the slots have to pay for what `first` found, (n,)."""
        total = np.zeros(first.shape[1])
        for price, row in zip(self.price.values(), first, strict=True):
            total += price * row
        return total

    def end(self, ids: NDArray[np.int64]) -> None:
        """Count the episodes that ended in the slots `ids`."""
        for name, broken in self.broken.items():
            self._ended[name].extend(broken[ids].tolist())

    def move(self, shares: Mapping[str, float], *, rounds: int = 1) -> None:
        """Move the prices.

        Args:
            shares: {violation: share of episodes that had it}; what is not finite moves nothing.
            rounds: Improvements of the policy that these prices are for.
        """
        for name, most in self.config.most.items():
            if np.isfinite(shares[name]):
                moved = self.price[name] + rounds * self.config.rate * (shares[name] - most)
                self.price[name] = float(np.clip(moved, 0.0, self.config.most_price))

    @property
    def shares(self) -> dict[str, float]:
        """{violation: share of the last practised episodes that had it}; NaN before any ended."""
        return {k: float(np.mean(v)) if v else float("nan") for k, v in self._ended.items()}

    def state(self) -> dict[str, Any]:
        """What going on needs, as JSON can hold it."""
        return {
            "price": dict(self.price),
            "ended": {name: list(ended) for name, ended in self._ended.items()},
            "broken": {name: broken.tolist() for name, broken in self.broken.items()},
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        for name in self.config.most:
            self.price[name] = float(state["price"][name])
            self._ended[name].clear()
            self._ended[name].extend(map(bool, state["ended"][name]))
            self.broken[name][:] = state["broken"][name]
