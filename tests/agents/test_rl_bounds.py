"""A price rises while a bound is broken, falls when it is kept, and is paid once an episode."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.rl_bounds import Bounds, BoundsConfig
from vla_sim.errors import BadConfig, UnknownName

Bools = NDArray[np.bool_]
ALL = np.array([0, 1])
LIVE = np.ones(2, dtype=np.bool_)
HIT = {"collision": np.array([True, False]), "off_road": np.array([True, True])}
NO_HIT = {"collision": np.array([False, False])}


def bounds(most: float = 0.1, **settings: float) -> Bounds:
    made = Bounds(BoundsConfig(most={"collision": most}, rate=0.5, **settings), 2)  # type: ignore[arg-type]  # a window is whole
    made.begin(ALL)
    return made


def due(made: Bounds, violations: Mapping[str, Bools], live: Bools) -> NDArray[np.float64]:
    return made.worth(made.first(violations, live))


def test_an_episode_pays_the_price_once_and_only_while_it_runs() -> None:
    made = bounds()
    made.price["collision"] = 2.0
    assert due(made, HIT, LIVE).tolist() == [2.0, 0.0]
    assert due(made, HIT, LIVE).tolist() == [0.0, 0.0]
    made.end(ALL)
    made.begin(ALL)
    assert due(made, HIT, ~LIVE).tolist() == [0.0, 0.0]
    assert due(made, HIT, LIVE).tolist() == [2.0, 0.0]


def test_the_price_rises_above_the_bound_and_falls_to_nothing_below_it() -> None:
    made = bounds(window=4, most_price=0.5)
    made.move(made.shares)
    assert made.price["collision"] == 0.0  # nobody knows yet
    due(made, HIT, LIVE)
    made.end(ALL)
    assert made.shares["collision"] == 0.5
    made.move(made.shares)
    assert made.price["collision"] == pytest.approx(0.5 * 0.4)
    for _ in range(5):
        made.move(made.shares)
    assert made.price["collision"] == 0.5  # the largest
    for _ in range(2):
        made.begin(ALL)
        due(made, NO_HIT, LIVE)
        made.end(ALL)
    assert made.shares["collision"] == 0.0
    made.move(made.shares, rounds=20)
    assert made.price["collision"] == 0.0
    made.move({"collision": 0.3}, rounds=2)
    assert made.price["collision"] == pytest.approx(2 * 0.5 * 0.2)


def test_its_state_is_all_of_it() -> None:
    made, other = bounds(), bounds()
    due(made, HIT, LIVE)
    made.end(ALL)
    made.move(made.shares)
    other.load_state(made.state())
    assert other.state() == made.state() and other.price["collision"] > 0.0


def test_bounds_that_mean_nothing_are_refused() -> None:
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(BadConfig, match="keep collision is"):
            BoundsConfig(most={"collision": share})
    with pytest.raises(UnknownName, match=r"no violation of X, 'colision'"):
        Bounds(BoundsConfig(most={"colision": 0.1}), 2).check(HIT, "X")
