"""Laws of the least times: an integrated plan takes so long, limits bind, nothing is beaten."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.experts.reach_time import (
    bend_lengths,
    car_reach,
    time_to_rest_s,
    tool_reach,
)
from vla_sim.assets.car import CAR
from vla_sim.assets.car_manners import CAR_MANNERS
from vla_sim.assets.panda import PANDA, PANDA_MANNERS
from vla_sim.errors import BadConfig
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

Floats = NDArray[np.float64]
LIMITS = np.array([0.35, 1.6, 16.0])
FAR = (-9.0, -9.0, -9.0), (9.0, 9.0, 9.0)


def car(x: float = 0.0, y: float = 0.0, yaw: float = 0.0, speed: float = 0.0) -> Floats:
    return np.array([x, y, 0.0, np.cos(yaw), np.sin(yaw), speed, 0.0])


def rest_to_rest(way: float, v: float, a: float, j: float) -> float:
    """The seven phases of a long way written out: top speed and top acceleration are reached."""
    assert v / a > a / j and way > v * (v / a + a / j)
    return way / v + v / a + a / j


def test_a_long_way_takes_what_its_phases_take() -> None:
    assert time_to_rest_s(1.0, 0.0, 0.0, LIMITS) == pytest.approx(rest_to_rest(1.0, *LIMITS))
    reach = tool_reach(PANDA, PANDA_MANNERS, lower_m=FAR[0], upper_m=FAR[1])
    found = reach.seconds(np.zeros((1, 12)), np.array([[1.0, 0.0, 0.0]]), np.zeros(1, np.int64))
    # The expert's plan gives 95 % of the limits to the way's direction.
    assert float(found[0]) == pytest.approx(rest_to_rest(1.0, *(0.95 * LIMITS)), rel=0.02)


def test_slower_manners_take_longer_and_farther_points_too() -> None:
    reach = tool_reach(PANDA, PANDA_MANNERS, lower_m=FAR[0], upper_m=FAR[1])
    point = np.array([[0.1, 0.0, 0.0], [0.2, 0.1, 0.0], [0.4, 0.2, 0.1]])
    by_manner = {
        name: reach.seconds(np.zeros((3, 12)), point, np.full(3, MANNERS.index(name)))
        for name in MANNERS
    }
    for times in by_manner.values():
        assert (np.diff(times) > 0.0).all()
    assert (by_manner["slowly"] > by_manner["normal"]).all()
    assert (by_manner["normal"] > by_manner["quickly"]).all()


def test_outside_of_where_the_tool_may_go_there_is_no_time() -> None:
    reach = tool_reach(PANDA, PANDA_MANNERS, lower_m=(0.2, -0.4, 0.0), upper_m=(0.8, 0.4, 0.6))
    point = np.array([[0.5, 0.0, 0.1], [0.5, 0.5, 0.1], [0.1, 0.0, 0.1]])
    start = np.zeros((3, 12))
    start[:, :3] = (0.5, 0.0, 0.3)
    found = reach.seconds(start, point, np.zeros(3, np.int64))
    assert np.isfinite(found).tolist() == [True, False, False]


@pytest.mark.parametrize("side", [0, 1])
def test_a_bend_and_a_straight_lead_onto_the_point(side: int) -> None:
    rng, radius = np.random.default_rng(0), 5.0
    start = np.stack([car(*rng.uniform(-2.0, 2.0, 3)) for _ in range(50)])
    point = rng.uniform(-20.0, 20.0, (50, 3))
    lengths = bend_lengths(start, point, radius)[:, side]
    turn = 1.0 if side == 0 else -1.0
    for row in np.flatnonzero(np.isfinite(lengths)):
        x, y, yaw = start[row, 0], start[row, 1], np.arctan2(start[row, 4], start[row, 3])
        centre = np.array([x - turn * radius * np.sin(yaw), y + turn * radius * np.cos(yaw)])
        away = float(np.hypot(*(point[row, :2] - centre)))
        straight = np.sqrt(away**2 - radius**2)
        heading = yaw + turn * (lengths[row] - straight) / radius
        end = centre + radius * turn * np.array([np.sin(heading), -np.cos(heading)])
        end += straight * np.array([np.cos(heading), np.sin(heading)])
        np.testing.assert_allclose(end, point[row, :2], atol=1e-6)


def test_straight_ahead_is_no_circle_and_a_turning_circle_holds_no_point() -> None:
    ahead = bend_lengths(np.stack([car()]), np.array([[7.0, 0.0, 0.0]]), 5.0)
    np.testing.assert_allclose(ahead, 7.0)
    inside = bend_lengths(np.stack([car()]), np.array([[0.5, 3.0, 0.0]]), 5.0)[0]
    assert np.isinf(inside[0]) and np.isfinite(inside[1])


def test_a_car_that_cannot_stop_in_time_has_to_come_round() -> None:
    reach = car_reach(CAR, CAR_MANNERS)
    point, manner = np.array([[2.0, 0.0, 0.0]]), np.zeros(1, np.int64)
    slow, fast = (reach.seconds(np.stack([car(speed=v)]), point, manner)[0] for v in (0.5, 6.0))
    assert np.isfinite(slow) and np.isinf(fast)


def test_a_teacher_without_limits_is_refused() -> None:
    without: Mapping[Manner, MannerProfile] = {
        name: profile for name, profile in PANDA_MANNERS.items() if name != "gently"
    }
    endless: Mapping[Manner, MannerProfile] = {
        **PANDA_MANNERS,
        "gently": replace(PANDA_MANNERS["gently"], jerk=np.inf),
    }
    for lacking in (without, endless):
        with pytest.raises(BadConfig, match=r"gently|positive numbers"):
            tool_reach(PANDA, lacking, lower_m=FAR[0], upper_m=FAR[1])
        with pytest.raises(BadConfig, match=r"gently|positive numbers"):
            car_reach(CAR, lacking)
    with pytest.raises(BadConfig, match="how tightly it turns"):
        car_reach(PANDA, PANDA_MANNERS)
