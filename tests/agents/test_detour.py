"""The shortest way around circles."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vla_sim.agents.experts.detour import N_CORNERS, first_hit, shortest_way, wall_beside

NO_WALL = np.array([1e6, 1e6, 1e6 + 1.0, 1e6])


Floats = NDArray[np.float64]


def _way(goal: tuple[float, float], circles: Floats, wall: Floats) -> Floats:
    way = np.empty((len(circles) * N_CORNERS + 2, 2))
    n = shortest_way(0.0, 0.0, 0.0, *goal, circles, wall, way)
    return np.asarray(way[:n])


def _length(way: Floats) -> float:
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())


def test_nothing_in_the_way_means_straight_on() -> None:
    way = _way((10.0, 3.0), np.array([[5.0, -8.0, 2.0]]), NO_WALL)
    assert np.array_equal(way, [[0.0, 0.0], [10.0, 3.0]])


def test_one_circle_costs_little_more_than_its_tangents() -> None:
    radius, half = 2.0, 6.0
    way = _way((2.0 * half, 0.0), np.array([[half, 0.0, radius]]), NO_WALL)
    angle = math.acos(radius / half)
    exact = 2.0 * (math.sqrt(half**2 - radius**2) + radius * (0.5 * math.pi - angle))
    assert exact <= _length(way) < 1.06 * exact


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_wall_decides_the_side(side: float) -> None:
    circle = np.array([6.0, 0.0, 2.0])
    way = _way((12.0, 0.0), circle[None], wall_beside(circle, 1.0, 0.0, side))
    assert len(way) > 2
    assert (-side * way[1:-1, 1] > 0.0).all()


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_no_leg_enters_a_circle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circles = np.column_stack([rng.uniform(4.0, 12.0, 4), rng.uniform(-5.0, 5.0, 4), [1.5] * 4])
    way = _way((16.0, rng.uniform(-4.0, 4.0)), circles, NO_WALL)
    for (ax, ay), (bx, by) in pairwise(way):
        assert first_hit(ax, ay, bx, by, circles) < 0
