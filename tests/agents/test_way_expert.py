"""WayExpert on kinematic bicycles: it follows, stops where the way ends, and minds its manner."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.agents.integrators import CAR, KinematicCar
from vla_sim.agents.experts.way import WayExpertConfig
from vla_sim.assets.car_manners import CAR_MANNERS
from vla_sim.records.manner import MANNERS, Manner

Floats = NDArray[np.float64]

EXPERT = WayExpertConfig().build(CAR, CAR_MANNERS)
N = 12
TURN = 0.5 * np.pi * np.linspace(0.0, 1.0, 11)[:, None]
ARC = 8.0 * np.concatenate([np.sin(TURN), 1.0 - np.cos(TURN)], axis=1)
"""A quarter of a circle to the left, between two straight legs."""


def _bend(after_m: float) -> Floats:
    return np.concatenate([[[-30.0, 0.0]], ARC, [[8.0, 8.0 + after_m]]])


def _drive(manner: Manner, after_m: float, n_steps: int) -> list[tuple[Floats, Floats, Floats]]:
    """Poses (n, 3), speeds and curvatures (n,) of cars that start up to 0.5 m off their way."""
    rng = np.random.default_rng(3)
    pose = np.zeros((N, 3))
    pose[:, 0], pose[:, 1] = rng.uniform(-14.0, -12.0, N), rng.uniform(-0.5, 0.5, N)
    car = KinematicCar(pose=pose, speed=np.full(N, 1.0))
    way = np.stack([_bend(after_m), _bend(after_m) * [1.0, -1.0]])[None].repeat(N, axis=0)
    goal, index = np.arange(N) % 2, np.full(N, MANNERS.index(manner))
    kept = []
    for _ in range(n_steps):
        chunk = EXPERT.chunk({**car.privileged(), "way": way}, goal, index, 1)
        car.step(chunk[:, 0])
        flipped = car.pose * np.where(goal == 0, 1.0, -1.0)[:, None]
        flipped[:, 0] = car.pose[:, 0]
        kept.append((flipped, car.speed.copy(), car.curvature.copy()))
    return kept


@pytest.mark.parametrize("manner", MANNERS)
def test_cars_follow_a_bend_and_stop_where_the_way_ends(manner: Manner) -> None:
    kept = _drive(manner, 10.0, 260)
    poses = np.array([pose for pose, _, _ in kept])
    x, y = poses[:, :, 0], poses[:, :, 1]
    in_bend = (x > 1.0) & (y < 7.0)
    off = np.abs(np.hypot(x, y - 8.0) - 8.0)
    assert off[in_bend].max() < 0.7
    np.testing.assert_allclose(poses[-1, :, 0], 8.0, atol=0.15)
    np.testing.assert_allclose(poses[-1, :, 1], 18.0, atol=0.5)
    assert kept[-1][1].max() < 0.05


def test_a_way_that_goes_on_is_driven_on() -> None:
    kept = _drive("normal", 80.0, 120)
    assert kept[-1][1].min() > 0.95 * CAR_MANNERS["normal"].velocity


def test_gentler_manners_take_bends_with_less_sideways_pull() -> None:
    pull = {
        manner: max((speed**2 * np.abs(curve)).max() for _, speed, curve in _drive(manner, 80, 200))
        for manner in MANNERS
    }
    assert pull["gently"] < pull["smoothly"] <= pull["normal"] < pull["quickly"] < 3.0
    assert pull["slowly"] < pull["normal"]
