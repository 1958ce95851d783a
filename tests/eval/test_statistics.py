"""Intervals cover what they promise."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from vla_sim.errors import BadConfig
from vla_sim.eval.statistics import (
    bootstrap_mean,
    central,
    mcnemar,
    mean_of_few,
    paired_difference,
    row_blocks,
    wilson,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(9, 10, 0.596, 0.982), (45, 50, 0.786, 0.957), (360, 400, 0.867, 0.926)],
)
def test_wilson_agrees_with_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    estimate = wilson(hits, n)
    assert estimate.n == n
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=6e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_symmetric_and_holds_its_value(case: tuple[int, int]) -> None:
    hits, n = case
    one, other = wilson(hits, n), wilson(n - hits, n)
    assert 0.0 <= one.low <= one.value <= one.high <= 1.0
    assert one.low == pytest.approx(1.0 - other.high)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_fraction(hits: int, n: int) -> None:
    with pytest.raises(BadConfig):
        wilson(hits, n)


def test_bootstrap_is_seeded_and_covers() -> None:
    rng = np.random.default_rng(0)
    assert bootstrap_mean(np.arange(9.0)) == bootstrap_mean(np.arange(9.0))
    covered = [
        e.low <= 1.0 <= e.high
        for e in (bootstrap_mean(rng.exponential(size=80), n_resamples=400) for _ in range(300))
    ]
    assert 0.89 <= np.mean(covered) <= 0.98


@pytest.mark.parametrize(("n", "plainly"), [(5, 0.88), (10, 0.92)])
def test_of_few_samples_the_bootstrap_reaches_as_far_as_few_samples_ask(
    n: int, plainly: float
) -> None:
    rng = np.random.default_rng(0)
    wide, narrow = [], []
    for _ in range(600):
        resampled = (samples := rng.normal(size=n))[rng.integers(n, size=(400, n))].mean(axis=1)
        low, high = np.quantile(resampled, [0.025, 0.975])
        narrow.append(low <= 0.0 <= high)
        made = bootstrap_mean(samples, n_resamples=400)
        wide.append(made.low <= 0.0 <= made.high)
    assert np.mean(narrow) < plainly, "what is held against"
    assert np.mean(wide) > np.mean(narrow) + 0.02


def test_many_samples_have_the_interval_of_the_plain_percentiles() -> None:
    resampled = np.random.default_rng(0).normal(size=2000)
    plain = np.quantile(resampled, [0.025, 0.975])
    assert central(resampled, 10_000) == pytest.approx(plain, abs=1e-3)
    assert central([0.25], 1) == (0.25, 0.25)


@pytest.mark.parametrize("samples", [[], [1.0, np.nan]])
def test_bootstrap_refuses_undefined_means(samples: list[float]) -> None:
    with pytest.raises(BadConfig):
        bootstrap_mean(samples)


def test_mcnemar_counts_only_pairs_that_differ() -> None:
    first = [True] * 8 + [False] * 2
    second = [False] * 8 + [False] * 2
    assert mcnemar(first, second) == pytest.approx(2 * 0.5**8)
    assert mcnemar(first + [True] * 90, second + [True] * 90) == mcnemar(first, second)
    assert mcnemar(first, first) == 1.0


def test_paired_difference_turns_round_and_covers() -> None:
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        both = rng.random(60)
        first, second = both < 0.8, np.where(rng.random(60) < 0.5, both, rng.random(60)) < 0.6
        estimate, back = paired_difference(first, second), paired_difference(second, first)
        assert estimate.value == pytest.approx(-back.value)
        assert estimate.low == pytest.approx(-back.high)
        assert -1.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0
        covered.append(estimate.low <= 0.2 <= estimate.high)
    assert np.mean(covered) >= 0.92


def test_paired_difference_of_a_tie_holds_zero() -> None:
    estimate = paired_difference([True] * 20, [True] * 20)
    assert estimate.low < 0.0 < estimate.high


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(BadConfig, match="equal"):
        paired_difference([True], [True, False])


@given(samples=st.lists(st.floats(-100, 100), min_size=2, max_size=9))
def test_a_mean_of_few_agrees_with_scipy(samples: list[float]) -> None:
    assume(np.ptp(samples) > 1e-3)
    made, oracle = mean_of_few(samples), ttest_1samp(samples, 0.0)
    low, high = oracle.confidence_interval(0.95)
    assert made.p_value == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)
    assert (made.estimate.low, made.estimate.high) == pytest.approx((low, high), rel=1e-9)


def test_equal_samples_have_no_spread() -> None:
    made = mean_of_few([0.1, 0.1, 0.1])
    assert made.estimate.low == made.estimate.high == pytest.approx(0.1)
    assert made.p_value == 0.0
    assert mean_of_few([0.0, 0.0]).p_value == 1.0


def test_samples_that_agree_scatter_at_least_as_they_were_rounded() -> None:
    made = mean_of_few([0.71 - 0.70, 0.61 - 0.60, 0.81 - 0.80], least_sd=0.01 / np.sqrt(6))
    assert made.estimate.low < 0.0 < made.estimate.high and made.p_value > 0.05
    wide = [0.1, 0.3, 0.2]
    assert mean_of_few(wide, least_sd=0.01) == mean_of_few(wide)


def test_long_samples_are_drawn_in_blocks_to_the_same_interval() -> None:
    whole = np.random.default_rng(3).random(5_003)  # 5,003 x 2,000 are several blocks
    drawn = np.random.default_rng(7).integers(len(whole), size=(2000, len(whole)))
    made = bootstrap_mean(whole, seed=7)
    assert (made.low, made.high) == central(whole[drawn].mean(axis=1), len(whole))
    assert sum(row_blocks(2000, 5_003)) == 2000 and max(row_blocks(2000, 5_003)) < 500


@pytest.mark.parametrize("samples", [[], [1.0], [1.0, float("nan")]])
def test_a_mean_of_too_few_is_refused(samples: list[float]) -> None:
    with pytest.raises(BadConfig):
        mean_of_few(samples)
