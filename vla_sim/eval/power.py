"""Power: how many episodes it takes to see a difference, calculated exactly."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom

from vla_sim.errors import BadConfig
from vla_sim.eval.sequential import require_alpha

MOST = 20_000
"""Pairs beyond which nobody will run an episode each."""
MOST_UNPAIRED = 1_000
"""Episodes of each policy up to which the unpaired test is calculated; its cost grows with n^2."""
_TIE = 1.0 + 1e-7
"""Tables that are as likely as the observed one, up to rounding."""


@dataclass(frozen=True, kw_only=True)
class Discordance:
    """How often only one of a pair succeeds.

    Attributes:
        only_first: Probability that the first alone does.
        only_second: Probability that the second alone does.
    """

    only_first: float
    only_second: float

    def __post_init__(self) -> None:
        if min(self.only_first, self.only_second) < 0 or self.only_first + self.only_second > 1:
            raise BadConfig(f"{self} is no pair of probabilities of things that exclude each other")

    @classmethod
    def of(cls, first: float, second: float, rho: float) -> "Discordance":
        """That of two rates whose outcomes correlate.

        Args:
            first: Success rate of the first, in [0, 1].
            second: Of the second.
            rho: Correlation of the two outcomes on the same scene.

        Raises:
            BadConfig: If a rate is no probability, or two such rates cannot correlate so.
        """
        for name, value in (("from", first), ("to", second)):
            if not 0.0 <= value <= 1.0:
                raise BadConfig(f"{name} is {value}; a success rate lies in [0, 1]")
        spread = float(np.sqrt(first * (1 - first) * second * (1 - second)))
        both = first * second + rho * spread
        least, most = max(0.0, first + second - 1.0), min(first, second)
        if not least - 1e-12 <= both <= most + 1e-12:
            low, high = ((x - first * second) / spread for x in (least, most))
            raise BadConfig(
                f"rho is {rho}; outcomes with rates {first:g} and {second:g} can correlate from "
                f"{low:.3f} to {high:.3f}"
            )
        both = min(max(both, least), most)
        return cls(only_first=first - both, only_second=second - both)


def mcnemar_power(pairs: Discordance, n: int, *, alpha: float = 0.05) -> float:
    """Probability that McNemar's exact test finds the difference with n pairs.

    Raises:
        BadConfig: If n < 1 or alpha is out of range.
    """
    require_alpha(alpha)
    if n < 1:
        raise BadConfig(f"n is {n}; a test needs one pair or more")
    differ = pairs.only_first + pairs.only_second
    if differ == 0.0:
        return 0.0
    share = pairs.only_first / differ
    n_differ = np.arange(1, n + 1)
    # Largest k with 2 P(X <= k) <= alpha for X of n_differ fair coins; -1 where there is none.
    last = binom.ppf(alpha / 2, n_differ, 0.5)
    last = np.where(2.0 * binom.cdf(last, n_differ, 0.5) <= alpha, last, last - 1.0)
    found = binom.cdf(last, n_differ, share) + binom.sf(n_differ - last - 1, n_differ, share)
    found = np.where(last < 0, 0.0, found)
    return float(min(1.0, (binom.pmf(n_differ, n, differ) * found).sum()))


def fisher_power(first: float, second: float, n: int, *, alpha: float = 0.05) -> float:
    """Probability that Fisher's exact test finds the difference with n episodes of each policy.

    Raises:
        BadConfig: If n is out of range or alpha is.
    """
    require_alpha(alpha)
    if not 1 <= n <= MOST_UNPAIRED:
        raise BadConfig(f"n is {n}; the unpaired test is calculated for 1 to {MOST_UNPAIRED}")
    hits = np.arange(n + 1)
    log_choose = gammaln(n + 1) - gammaln(hits + 1) - gammaln(n - hits + 1)
    of_first, of_second = (binom.pmf(hits, n, rate) for rate in (first, second))
    found = 0.0
    for total in range(1, 2 * n):
        a = hits[max(0, total - n) : min(n, total) + 1]
        log_table = log_choose[a] + log_choose[total - a]
        table = np.exp(log_table - log_table.max())
        table /= table.sum()
        order = np.argsort(table)
        below = np.concatenate([[0.0], np.cumsum(table[order])])
        p_value = below[np.searchsorted(table[order], table * _TIE, side="right")]
        seen = a[p_value <= alpha]
        found += float((of_first[seen] * of_second[total - seen]).sum())
    return min(1.0, found)


def pairs_needed(pairs: Discordance, *, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """How many pairs McNemar's exact test needs; None where it would be more than `MOST`.

    Raises:
        BadConfig: If alpha or power is out of range.
    """
    if pairs.only_first == pairs.only_second:
        return None
    return _needed(lambda n: mcnemar_power(pairs, n, alpha=alpha), power, MOST)


def episodes_needed(
    first: float, second: float, *, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """How many episodes of each policy Fisher's exact test needs on other scenes each.

    None where it would be more than `MOST_UNPAIRED`.

    Raises:
        BadConfig: If alpha or power is out of range.
    """
    if first == second:
        return None
    return _needed(lambda n: fisher_power(first, second, n, alpha=alpha), power, MOST_UNPAIRED)


def _needed(of: Callable[[int], float], power: float, most: int) -> int | None:
    """An n at which the power passes the one that is asked for; it does not grow quite evenly."""
    if not 0.0 < power < 1.0:
        raise BadConfig(f"power is {power}; use more than 0 and less than 1, for example 0.8")
    high = 8
    while of(high) < power:
        if high == most:
            return None
        high = min(2 * high, most)
    low = 0 if high == 8 else high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if of(middle) >= power else (middle, high)
    return high


def progress_needed(
    differences: NDArray[np.float64], *, z_alpha: float, z_power: float
) -> int | None:
    """How many pairs a test of the mean of such differences would take, as a normal one would.

    None where the mean is zero, or it would be more than `MOST`.
    """
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if mean == 0.0:
        return None
    n = int(np.ceil(((z_alpha + z_power) * spread / mean) ** 2))
    return max(n, 2) if n <= MOST else None
