"""Statistics are those of others who calculate the same quantity, to 1e-6.

statsmodels and robostats come with the dev extra; `make test-oracles` brings the rest.
"""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.eval.multiplicity import holm
from vla_sim.eval.power import Discordance, fisher_power, mcnemar_power
from vla_sim.eval.sign_flip import sign_flip
from vla_sim.eval.statistics import mcnemar, paired_difference, wilson

CASES = [(0, 0, 5), (3, 1, 20), (12, 2, 50), (1, 9, 14), (40, 40, 200), (6, 0, 6)]
"""Pairs that only the first, that only the second won, and all pairs."""
CLOSE = 1e-6


def oracle(name: str, needs: str = "") -> Any:
    """A module of somebody else's; the test is passed over where it is not installed."""
    pytest.importorskip(name.partition(".")[0])
    if needs:
        pytest.importorskip(needs)
    return import_module(name)


def outcomes(only_first: int, only_second: int, n: int) -> tuple[NDArray[np.bool_], ...]:
    """Two lists of n outcomes with so many that differ; the others both succeeded."""
    first, second = np.ones(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    second[:only_first] = False
    first[only_first : only_first + only_second] = False
    return first, second


@pytest.mark.parametrize("case", CASES)
def test_mcnemar_is_that_of_statsmodels_and_of_sign_flips(case: tuple[int, int, int]) -> None:
    b, c, n = case
    found = mcnemar(*outcomes(*case))
    tables = oracle("statsmodels.stats.contingency_tables")
    table = [[n - b - c, b], [c, 0]]
    assert found == pytest.approx(float(tables.mcnemar(table, exact=True).pvalue), abs=CLOSE)
    assert sign_flip(np.repeat([1.0, -1.0], [b, c]) if b + c else [0.0]) == pytest.approx(
        found, abs=CLOSE if b + c <= 16 else 0.02
    )


@pytest.mark.parametrize("case", CASES)
def test_mcnemar_is_that_of_fieldtrial(case: tuple[int, int, int]) -> None:
    paired = oracle("fieldtrial.stats.paired")
    b, c, _ = case
    assert mcnemar(*outcomes(*case)) == pytest.approx(paired.mcnemar_exact(b, c).pvalue, abs=CLOSE)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (9, 10), (45, 50), (200, 200), (7, 31)])
def test_wilson_is_that_of_statsmodels_and_robostats(hits: int, n: int) -> None:
    found = wilson(hits, n)
    proportion = oracle("statsmodels.stats.proportion")
    assert (found.low, found.high) == pytest.approx(
        proportion.proportion_confint(hits, n, method="wilson"), abs=CLOSE
    )
    theirs = oracle("robostats.intervals").wilson(hits, n)
    assert (found.low, found.high) == pytest.approx((theirs.lower, theirs.upper), abs=CLOSE)


def test_holm_is_that_of_statsmodels() -> None:
    p = np.random.default_rng(0).random(12) ** 3
    theirs = oracle("statsmodels.stats.multitest").multipletests(p, method="holm")[1]
    assert holm(p) == pytest.approx(theirs, abs=CLOSE)
    assert holm([0.2]) == pytest.approx([0.2])
    assert len(holm([])) == 0


def test_holm_is_that_of_fieldtrial() -> None:
    adjust = oracle("fieldtrial.stats.multiplicity").adjust_pvalues
    p = np.random.default_rng(1).random(7) ** 2
    theirs = adjust(list(p), method="holm").adjusted
    assert holm(p) == pytest.approx(theirs, abs=CLOSE)


@pytest.mark.parametrize("n", [1, 6, 40, 150])
def test_the_power_of_mcnemar_s_test_is_that_of_fieldtrial(n: int) -> None:
    theirs = oracle("fieldtrial.stats.power").mcnemar_power(0.05, 0.25, n).power
    ours = mcnemar_power(Discordance(only_first=0.05, only_second=0.25), n)
    assert ours == pytest.approx(theirs, abs=CLOSE)


def test_the_unpaired_power_is_that_of_statsmodels_where_many_are_run() -> None:
    """Not the same test: the exact one is a little more careful than the normal one."""
    weigh = oracle("statsmodels.stats.power")
    size = oracle("statsmodels.stats.proportion").proportion_effectsize(0.7, 0.5)
    normal = weigh.NormalIndPower().power(size, 200, 0.05)
    assert normal - 0.03 < fisher_power(0.5, 0.7, 200) <= normal


@pytest.mark.parametrize(
    ("case", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404), ((0, 12, 2, 36), 0.0569, 0.3404)],
)
def test_the_paired_interval_is_that_of_its_paper(
    case: tuple[int, int, int, int], low: float, high: float
) -> None:
    both, only_first, only_second, neither = case
    first = np.repeat([1, 1, 0, 0], [both, only_first, only_second, neither])
    second = np.repeat([1, 0, 1, 0], [both, only_first, only_second, neither])
    found = paired_difference(first, second)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)
