"""A sequential test errs no more often than it promises, and soon sees what is there."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import betainc, betaln

from vla_sim.errors import BadConfig
from vla_sim.eval.power import Discordance
from vla_sim.eval.sequential import EAGERNESS, SequentialTest
from vla_sim.loop.benching.powering import simulated


def outcomes(pairs: Discordance, *, m: int, n: int, seed: int = 0) -> NDArray[np.float64]:
    """Differences of m tests of n pairs."""
    u = np.random.default_rng(seed).random((m, n))
    return (u < pairs.only_first).astype(np.float64) - (u > 1.0 - pairs.only_second)


def test_the_stake_is_the_integral_over_all_bets() -> None:
    """In closed form for yes and no: an incomplete beta function."""
    rng = np.random.default_rng(3)
    x = rng.choice([-1.0, 0.0, 1.0], p=[0.2, 0.5, 0.3], size=60)
    grown = SequentialTest(eagerness=0.0).log_stakes(x)
    a, b = np.cumsum(x > 0) + 1.0, np.cumsum(x < 0) + 1.0
    whole = (a + b - 1.0) * np.log(2.0) + betaln(a, b)
    assert grown[:, 0] == pytest.approx(whole + np.log1p(-betainc(a, b, 0.5)), abs=1e-9)
    assert grown[:, 1] == pytest.approx(whole + np.log(betainc(a, b, 0.5)), abs=1e-9)


@pytest.mark.parametrize("eagerness", [0.0, *EAGERNESS.values()])
def test_no_bet_grows_on_average_where_nothing_is_to_be_won(eagerness: float) -> None:
    """A martingale: the mean of the stakes stays 1, exactly, over all outcomes of a fair pair."""
    test = SequentialTest(eagerness=eagerness)
    past = np.array([0.5, -1.0, 0.25])
    fair = [(-1.0, 0.25), (0.0, 0.25), (0.5, 0.5)]  # mean 0
    before = np.exp(test.log_stakes(past)[-1])
    after = sum(p * np.exp(test.log_stakes(np.append(past, x))[-1]) for x, p in fair)
    assert after == pytest.approx(before, rel=1e-12)


def test_equal_policies_are_seldom_called_different() -> None:
    pairs = Discordance.of(0.6, 0.6, 0.3)
    stopped = SequentialTest(alpha=0.1).stops(outcomes(pairs, m=1_000, n=200))
    assert (stopped <= 200).mean() <= 0.1


def test_graded_differences_of_mean_zero_are_seldom_called_different() -> None:
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (1_000, 150))
    stopped = SequentialTest(alpha=0.1, eagerness=EAGERNESS["progress"]).stops(x)
    assert (stopped <= 150).mean() <= 0.1


def test_many_tests_at_once_stop_where_each_alone_does() -> None:
    test = SequentialTest()
    x = outcomes(Discordance.of(0.7, 0.4, 0.3), m=6, n=80, seed=5)
    for differences, stopped in zip(x, test.stops(x), strict=True):
        decision = test.decide(list(differences))
        assert (decision.n_pairs if decision.side else 81) == stopped
        assert (decision.e_value >= 20.0) == bool(decision.side)


def test_the_side_is_that_of_the_difference_and_later_pairs_change_nothing() -> None:
    test = SequentialTest()
    won = [1.0] * 12
    decision = test.decide(won)
    assert decision.side == "better"
    assert test.decide([-x for x in won]).side == "worse"
    assert test.decide([*won, *[-1.0] * 50]) == decision
    assert test.decide([]).side == ""


def test_fewer_pairs_than_the_fewest_never_decide() -> None:
    test = SequentialTest(alpha=0.05)
    assert not test.decide([1.0] * (test.fewest_pairs - 1)).side


def test_half_and_seven_tenths_are_told_apart_in_the_pairs_that_are_claimed() -> None:
    stopped = simulated(Discordance.of(0.5, 0.7, 0.5), SequentialTest(), n=300, cap=150)
    assert np.median(stopped) <= 60


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_error_probability_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(BadConfig, match=r"alpha is .*; use more than 0 and at most 0\.5"):
        SequentialTest(alpha=alpha)


@pytest.mark.parametrize("x", [1.5, float("nan")])
def test_a_difference_out_of_range_is_refused(x: float) -> None:
    with pytest.raises(BadConfig, match=r"lie in \[-1, 1\]"):
        SequentialTest().decide([0.0, x])
