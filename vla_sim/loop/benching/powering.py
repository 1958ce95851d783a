"""Powering: how many episodes it takes to tell two success rates, before any is run."""

from dataclasses import dataclass

import numpy as np

from vla_sim.errors import BadConfig
from vla_sim.eval.power import Discordance, episodes_needed, pairs_needed
from vla_sim.eval.sequential import SequentialTest, require_alpha
from vla_sim.ranges import within
from vla_sim.records.reports import Estimate

N_SIMULATED = 1_000
"""Sequential tests that the medians are taken over."""
_SEED = 20_240_601


@dataclass(frozen=True, kw_only=True)
class PowerRun:
    """Settings of a calculation."""

    from_rate: float = 0.5
    """Success rate of the one policy."""
    to_rate: float = 0.7
    """Success rate of the other."""
    rho: float = 0.5
    """Correlation of their outcomes on the same scene; 0: a scene says nothing about both."""
    alpha: float = 0.05
    """Largest chance of calling two equal policies different."""
    power: float = 0.8
    """Chance of telling these two apart."""

    def __post_init__(self) -> None:
        require_alpha(self.alpha)
        within(0.0, 1.0, **{"from_rate (--from)": self.from_rate, "to_rate (--to)": self.to_rate})
        within(-1.0, 1.0, rho=self.rho)
        if not 0.0 < self.power < 1.0:
            raise BadConfig(f"power is {self.power}; use more than 0 and less than 1")
        if self.from_rate == self.to_rate:
            raise BadConfig(
                f"from and to are both {self.from_rate:g}: no number of episodes tells equal rates"
            )
        Discordance.of(self.from_rate, self.to_rate, self.rho)

    @property
    def pairs(self) -> Discordance:
        """How often only one of a pair succeeds."""
        return Discordance.of(self.from_rate, self.to_rate, self.rho)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """How many episodes it takes.

    Attributes:
        paired: Pairs, both policies on the same scenes, fixed beforehand (McNemar's exact test);
            None where it is more than anybody runs.
        unpaired: Episodes of each policy on scenes of their own (Fisher's exact test); None where
            it is more than is calculated.
        sequential: Pairs until `bench --until-decided` decides: the median, with the interval of
            that median; None where half of the tests were not decided in `cap` pairs.
        sequential_90: Pairs within which nine of ten such tests decide; None likewise.
        cap: Pairs after which a simulated test was given up.
    """

    paired: int | None
    unpaired: int | None
    sequential: Estimate | None
    sequential_90: int | None
    cap: int


def needed(run: PowerRun) -> Needed:
    """Calculate it, and simulate the sequential test."""
    paired = pairs_needed(run.pairs, alpha=run.alpha, power=run.power)
    cap = min(4 * (paired or 1_000), 2_000)
    n_pairs = simulated(run.pairs, SequentialTest(alpha=run.alpha), n=N_SIMULATED, cap=cap)
    low, median, high, ninth = np.sort(n_pairs)[_ranks(N_SIMULATED)]
    return Needed(
        paired=paired,
        unpaired=episodes_needed(run.from_rate, run.to_rate, alpha=run.alpha, power=run.power),
        sequential=(
            Estimate(value=float(median), n=N_SIMULATED, low=float(low), high=float(high))
            if high <= cap
            else None
        ),
        sequential_90=int(ninth) if ninth <= cap else None,
        cap=cap,
    )


def simulated(
    pairs: Discordance, test: SequentialTest, *, n: int, cap: int, seed: int = _SEED
) -> np.ndarray:
    """After how many pairs each of n simulated tests decided; cap + 1 where it did not.

    Args:
        pairs: How often only one of a pair succeeds.
        test: What decides.
        n: Number of tests.
        cap: Pairs of a test at most.
        seed: Of the outcomes.

    Returns:
        int64 (n,).
    """
    rng = np.random.default_rng(seed)
    u = rng.random((n, cap))
    x = (u < pairs.only_second).astype(np.float64) - (u > 1.0 - pairs.only_first)
    return test.stops(x)


def _ranks(n: int) -> list[int]:
    """Places of the median's interval, of the median, and of the ninth decile among n in order."""
    half = 1.96 * np.sqrt(n) / 2
    return [int(n / 2 - half), n // 2, int(np.ceil(n / 2 + half)), int(0.9 * n)]
