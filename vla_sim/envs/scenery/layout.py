"""Where things lie in a scene: positions that keep their distance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Corner = Sequence[float] | NDArray[np.float64]


def scatter(
    rng: np.random.Generator,
    n_points: int,
    low: Corner,
    high: Corner,
    min_distance_m: float,
    *,
    wider: float = 0.0,
) -> NDArray[np.float64]:
    """Points in a rectangle, no two closer than `min_distance_m`, shape (n_points, 2) [m].

    `wider` moves them apart as `widened` does their rectangle, after they were drawn: the same
    random numbers are used up, so that the rest of a scene stays as it is.

    Raises:
        ValueError: If the rectangle is too small for that many points.
    """
    placed: list[NDArray[np.float64]] = []
    for _ in range(10_000):
        if len(placed) == n_points:
            points = np.array(placed)
            centre = 0.5 * (np.array(low) + np.array(high))
            return points if wider == 0.0 else centre + (1.0 + wider) * (points - centre)
        point = rng.uniform(low, high)
        if all(np.hypot(*(point - other)) >= min_distance_m for other in placed):
            placed.append(point)
        elif rng.random() < 0.01:
            placed.clear()  # a crowded start can make the rest impossible
    raise ValueError(
        f"cannot place {n_points} points {min_distance_m} m apart between {low} and {high}"
    )


def widened(
    low: Corner, high: Corner, share: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A box with its sides moved outwards by `share` of its width, half of it on either side."""
    bottom, top = np.array(low), np.array(high)
    margin = 0.5 * share * (top - bottom)
    return bottom - margin, top + margin
