"""Sequential test: bet on who is better, pair by pair, and stop when the stake has grown enough.

A pair's difference x lies in [-1, 1]: of two successes -1, 0 or 1, of two progresses anything
between. Whoever bets the share b of a stake on "x is positive on average" has 1 + b x times as much
afterwards. If the mean is zero or less, no way of betting makes the stake grow on average, so that
it ever reaches 2 / alpha has a probability of at most alpha / 2 (Ville), however often one looks.
The same is bet on "negative", and both errors together are at most alpha.

How much to bet follows from the pairs before, and never from the pair that it is bet on: the stake
is divided beforehand over all shares b in (0, 1), with a density that grows as a power of b, and
what each part has become decides how much of the whole is bet next.

Source:
    Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86 (2024) 1; Ville (1939); formula 27 of the sheet.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_sim.errors import BadConfig

Outcome = Literal["success", "progress"]
"""What is compared of an episode."""
EAGERNESS: dict[Outcome, float] = {"success": 1.0, "progress": 3.0}
"""Power of the density of the bets. Differences of a graded measure are small and steady, so that
almost all may be staked on each; those of yes and no are whole, and come now and then."""
N_BETS = 32
"""Shares that the stake is divided over; any number of them keeps the error as promised."""
Side = Literal["better", "worse", ""]


@dataclass(frozen=True, kw_only=True)
class SequentialTest:
    """Which shares are bet, and how much of the stake on each."""

    alpha: float = 0.05
    """The largest probability of calling two equal policies different, at whatever pair."""
    eagerness: float = EAGERNESS["success"]
    """Power of b in the density of the shares; 0 divides the stake evenly."""

    def __post_init__(self) -> None:
        require_alpha(self.alpha)
        if not self.eagerness >= 0.0:
            raise BadConfig(f"eagerness is {self.eagerness}; use 0 or more")

    @property
    def threshold(self) -> float:
        """Log of how much the stake on one side has to grow."""
        return float(np.log(2.0 / self.alpha))

    @property
    def fewest_pairs(self) -> int:
        """Pairs that could decide at all: on each, a stake at most doubles."""
        return math.ceil(math.log2(2.0 / self.alpha) - 1e-9)

    def log_stakes(self, differences: ArrayLike) -> NDArray[np.float64]:
        """Log of both stakes after each pair, for runs of equal length at once.

        Args:
            differences: First minus second, in [-1, 1], shape (..., n).

        Returns:
            On "first is better" and on "first is worse", shape (..., n, 2).

        Raises:
            BadConfig: If a difference is out of range or not finite.
        """
        x = np.asarray(differences, dtype=np.float64)
        if not (np.abs(x) <= 1.0).all():
            raise BadConfig("differences of pairs lie in [-1, 1]; scale them first")
        shares, weights = self._bets
        grown = np.zeros((*x.shape, 2))
        for side, sign in enumerate((1.0, -1.0)):
            parts = np.broadcast_to(np.log(weights), (*x.shape[:-1], N_BETS)).copy()
            for n in range(x.shape[-1]):
                parts += np.log1p(sign * shares * x[..., n, None])
                grown[..., n, side] = np.logaddexp.reduce(parts, axis=-1)
        return grown

    def decide(self, differences: Sequence[float]) -> "Decision":
        """What the pairs so far say; pairs after the decision change nothing."""
        grown = self.log_stakes(differences)
        (crossed,) = np.nonzero((grown >= self.threshold).any(axis=1))
        if len(crossed) == 0:
            return Decision(side="", n_pairs=len(grown), e_value=_e_value(grown[-1:]))
        n = int(crossed[0]) + 1
        is_better = grown[n - 1, 0] >= self.threshold
        return Decision(
            side="better" if is_better else "worse",
            n_pairs=n,
            e_value=_e_value(grown[n - 1 : n]),
        )

    def stops(self, differences: NDArray[np.float64]) -> NDArray[np.int64]:
        """After how many pairs each of many tests decides.

        Args:
            differences: Of m tests at once, shape (m, n).

        Returns:
            int64 (m,), counted from 1; n + 1 where none of the pairs decides.
        """
        m, n = differences.shape
        stopped = np.full(m, n + 1, dtype=np.int64)
        running = np.arange(m)
        shares, weights = self._bets
        parts = np.broadcast_to(np.log(weights), (2, m, N_BETS)).copy()
        for pair in range(n):
            x = differences[running, pair, None]
            parts += np.log1p(np.stack([x, -x]) * shares)
            grown = np.log(np.exp(parts).sum(axis=-1)).max(axis=0)
            is_over = grown >= self.threshold
            stopped[running[is_over]] = pair + 1
            running, parts = running[~is_over], parts[:, ~is_over]
            if len(running) == 0:
                break
        return stopped

    @property
    def _bets(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        nodes, weights = np.polynomial.legendre.leggauss(N_BETS)
        shares = (nodes + 1.0) / 2.0
        density = weights * shares**self.eagerness
        return shares, density / density.sum()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Where a sequential test stands.

    Attributes:
        side: Whether the first is better or worse; empty where it is not decided.
        n_pairs: After how many pairs it was decided, or how many there are.
        e_value: How many times the whole stake grew on the better side; decided from 1 / alpha on.
    """

    side: Side
    n_pairs: int
    e_value: float


def require_alpha(alpha: float) -> None:
    """Let pass an error probability that can be kept and means something.

    Raises:
        BadConfig: If it is not above 0 and at most 0.5.
    """
    if not 0.0 < alpha <= 0.5:
        raise BadConfig(f"alpha is {alpha}; use more than 0 and at most 0.5, for example 0.05")


def _e_value(last: NDArray[np.float64]) -> float:
    # Half of the stake is on each side.
    return float(np.exp(last.max()) / 2.0) if len(last) else 1.0
