"""Where things lie in a scene: positions that keep their distance."""

import numpy as np
from numpy.typing import NDArray


def scatter(
    rng: np.random.Generator,
    n_points: int,
    low: tuple[float, float],
    high: tuple[float, float],
    min_distance_m: float,
) -> NDArray[np.float64]:
    """Points in a rectangle, no two closer than `min_distance_m`, shape (n_points, 2) [m].

    Raises:
        ValueError: If the rectangle is too small for that many points.
    """
    placed: list[NDArray[np.float64]] = []
    for _ in range(10_000):
        if len(placed) == n_points:
            return np.array(placed)
        point = rng.uniform(low, high)
        if all(np.hypot(*(point - other)) >= min_distance_m for other in placed):
            placed.append(point)
        elif rng.random() < 0.01:
            placed.clear()  # a crowded start can make the rest impossible
    raise ValueError(
        f"cannot place {n_points} points {min_distance_m} m apart between {low} and {high}"
    )
