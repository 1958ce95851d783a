"""Power is a probability that can be counted, and the numbers that follow from it suffice."""

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from vla_sim.errors import BadConfig
from vla_sim.eval.power import (
    Discordance,
    episodes_needed,
    fisher_power,
    mcnemar_power,
    pairs_needed,
    progress_needed,
)
from vla_sim.eval.statistics import mcnemar


def test_the_paired_power_is_how_often_the_test_rejects() -> None:
    pairs = Discordance(only_first=0.1, only_second=0.35)
    rng = np.random.default_rng(0)
    drawn = rng.choice(3, p=[0.1, 0.35, 0.55], size=(300, 24))
    found = [mcnemar(row == 0, row == 1) <= 0.05 for row in drawn]
    assert mcnemar_power(pairs, 24) == pytest.approx(np.mean(found), abs=0.08)


def test_the_unpaired_power_sums_what_scipy_rejects() -> None:
    n = 11
    of_first, of_second = (binom.pmf(np.arange(n + 1), n, p) for p in (0.2, 0.8))
    counted = sum(
        of_first[a] * of_second[b]
        for a in range(n + 1)
        for b in range(n + 1)
        if fisher_exact([[a, b], [n - a, n - b]])[1] <= 0.05
    )
    assert fisher_power(0.2, 0.8, n) == pytest.approx(counted, abs=1e-12)


def test_equal_rates_are_found_different_no_more_often_than_alpha() -> None:
    assert mcnemar_power(Discordance(only_first=0.2, only_second=0.2), 70) <= 0.05
    assert fisher_power(0.4, 0.4, 60) <= 0.05


def test_what_is_needed_suffices_and_one_less_does_not() -> None:
    pairs = Discordance.of(0.5, 0.7, 0.5)
    n = pairs_needed(pairs)
    assert n is not None
    assert mcnemar_power(pairs, n) >= 0.8 > mcnemar_power(pairs, n - 1)
    alone = episodes_needed(0.5, 0.7)
    assert alone is not None
    assert fisher_power(0.5, 0.7, alone) >= 0.8 > fisher_power(0.5, 0.7, alone - 1)
    assert n < alone, "pairs that correlate save episodes"


def test_what_nobody_can_run_is_none() -> None:
    assert pairs_needed(Discordance(only_first=0.1, only_second=0.1)) is None
    assert pairs_needed(Discordance(only_first=0.1, only_second=0.1001)) is None
    assert episodes_needed(0.5, 0.501) is None
    assert progress_needed(np.array([0.5, -0.5]), z_alpha=1.96, z_power=0.84) is None


def test_rates_give_back_their_correlation() -> None:
    pairs = Discordance.of(0.4, 0.7, 0.25)
    both = 0.4 - pairs.only_first
    assert (both - 0.28) / np.sqrt(0.4 * 0.6 * 0.7 * 0.3) == pytest.approx(0.25)
    assert pairs.only_second - pairs.only_first == pytest.approx(0.3)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"can correlate from -?\d"):
        Discordance.of(0.1, 0.9, 0.9)
    with pytest.raises(BadConfig, match=r"from is 1\.2"):
        Discordance.of(1.2, 0.5, 0.0)
    with pytest.raises(BadConfig, match="exclude each other"):
        Discordance(only_first=0.7, only_second=0.7)
    with pytest.raises(BadConfig, match="n is 0"):
        mcnemar_power(Discordance(only_first=0.1, only_second=0.2), 0)
    with pytest.raises(BadConfig, match="calculated for 1 to"):
        fisher_power(0.1, 0.2, 10_000)
    with pytest.raises(BadConfig, match="power is 1"):
        pairs_needed(Discordance(only_first=0.1, only_second=0.2), power=1.0)
