"""The shortest way past circles."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shortest_way(start: Floats, goal: Floats, circles: Floats) -> Floats:
    """Length of the shortest way from start to goal around the worst single circle [m].

    With one circle in the way this is exact (tangent, arc, tangent); with several it is the longest
    of the single detours: a lower bound, so that a path ratio built on it never flatters.

    Args:
        start: (n, 2) [m].
        goal: (n, 2) [m].
        circles: (n, k, 3): x, y, radius [m].

    Returns:
        (n,) [m].
    """
    straight: Floats = np.hypot(*(goal - start).T)
    best: Floats = straight.copy()
    for k in range(circles.shape[1]):
        centre, radius = circles[:, k, :2], circles[:, k, 2]
        to_start, to_goal = start - centre, goal - centre
        d_start = np.maximum(np.hypot(*to_start.T), radius)
        d_goal = np.maximum(np.hypot(*to_goal.T), radius)
        dot = to_start[:, 0] * to_goal[:, 0] + to_start[:, 1] * to_goal[:, 1]
        angle = np.arccos(np.clip(dot / (d_start * d_goal), -1.0, 1.0))
        arc = angle - np.arccos(radius / d_start) - np.arccos(radius / d_goal)
        tangents = np.sqrt(d_start**2 - radius**2) + np.sqrt(d_goal**2 - radius**2)
        best = np.maximum(best, np.where(arc > 0.0, tangents + radius * arc, straight))
    return best
