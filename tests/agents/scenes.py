"""Small scenes for the experts, drawn like the tasks draw theirs."""

import numpy as np
from numpy.typing import NDArray

from tests.agents.integrators import KinematicArm, KinematicCar

Floats = NDArray[np.float64]


def apart(
    rng: np.random.Generator, k: int, low: tuple[float, float], high: tuple[float, float], by: float
) -> Floats:
    """k points in a box, at least `by` apart."""
    while True:
        xy = rng.uniform(low, high, (k, 2))
        offset = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 1e9 * np.eye(k)
        if offset.min() >= by:
            return xy


def tables(n: int, seed: int) -> KinematicArm:
    """Three cubes on each of n tables, hands open and high."""
    rng = np.random.default_rng(seed)
    half = np.full((n, 3), 0.022)
    xy = np.array([apart(rng, 3, (0.38, -0.2), (0.6, 0.2), 0.13) for _ in range(n)])
    return KinematicArm(
        tool=rng.uniform([0.4, -0.1, 0.2], [0.5, 0.1, 0.28], (n, 3)),
        objects=np.concatenate([xy, half[:, :, None]], axis=2),
        half=half,
        width=np.full(n, 0.08),
    )


def arenas(n: int, seed: int) -> tuple[KinematicCar, dict[str, Floats]]:
    """Cars at rest, three pads and three posts each."""
    rng = np.random.default_rng(seed)
    pose = rng.uniform([-13.5, -4.0, -0.3], [-11.5, 4.0, 0.3], (n, 3))
    posts = np.array([apart(rng, 3, (-6.0, -7.5), (1.5, 7.5), 6.5) for _ in range(n)])
    radii = np.tile([[[0.8], [1.0], [1.2]]], (n, 1, 1))
    return KinematicCar(pose=pose, speed=np.zeros(n)), {
        "goal_pos": np.array([apart(rng, 3, (5.0, -10.0), (12.0, 10.0), 6.0) for _ in range(n)]),
        "obstacle": np.concatenate([posts, radii], axis=2),
    }


def roads(n: int, seed: int) -> tuple[KinematicCar, dict[str, Floats]]:
    """Cars in the middle of three lanes, a vehicle ahead on either side."""
    rng = np.random.default_rng(seed)
    pose = np.zeros((n, 3))
    pose[:, 0], pose[:, 1] = 24.0, rng.uniform(-0.2, 0.2, n)
    return KinematicCar(pose=pose, speed=rng.uniform(7.5, 8.5, n)), {
        "goal_lane_y": np.tile([3.5, -3.5], (n, 1)),
        "lead_x": 20.5 + rng.uniform(13.0, 20.0, (n, 2)),
        "lead_speed": rng.uniform(9.0, 10.5, (n, 2)),
        "own_lead_x": np.full(n, np.inf),
        "own_lead_speed": np.zeros(n),
    }
