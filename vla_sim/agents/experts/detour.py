"""The shortest way around a few circles: a visibility graph over their corners."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vla_sim.agents.experts.car_motion import wrap

Floats = NDArray[np.float64]

N_CORNERS = 8
"""Each circle becomes a circumscribed octagon."""
TURN_COST_M = 3.0
"""Metres of detour that one radian of turning on the spot is worth: a side once taken stays."""


@njit(cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def is_clear(ax: float, ay: float, bx: float, by: float, circles: Floats, n: int) -> bool:
    """Whether the straight way from a to b cuts none of the first n circles (x, y, radius)."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    for k in range(n):
        px, py = circles[k, 0] - ax, circles[k, 1] - ay
        t = 0.0
        if length2 > 1e-12:
            t = min(max((px * dx + py * dy) / length2, 0.0), 1.0)
        qx, qy = px - t * dx, py - t * dy
        reach = 0.999 * circles[k, 2]
        if qx * qx + qy * qy < reach * reach:
            return False
    return True


@njit(cache=True)  # type: ignore[untyped-decorator]
def shortest_way(
    x: float, y: float, yaw: float, goal_x: float, goal_y: float, circles: Floats, way: Floats
) -> int:
    """Corners of the shortest way from a pose to a goal.

    Args:
        x: Start [m].
        y: Start [m].
        yaw: Heading at the start [rad]; turning away from it costs.
        goal_x: Goal [m].
        goal_y: Goal [m].
        circles: (n, 3) x, y, radius that is kept clear [m]. Start and goal must lie outside.
        way: (n * N_CORNERS + 2, 2), filled with the corners; the first is the start.

    Returns:
        Number of corners. The straight line where there is no way.
    """
    n = len(circles)
    way[0, 0], way[0, 1] = x, y
    if is_clear(x, y, goal_x, goal_y, circles, n):
        way[1, 0], way[1, 1] = goal_x, goal_y
        return 2
    nodes = np.empty((n * N_CORNERS + 2, 2))
    nodes[0, 0], nodes[0, 1] = x, y
    nodes[1, 0], nodes[1, 1] = goal_x, goal_y
    n_nodes = 2
    stretch = 1.0 / math.cos(math.pi / N_CORNERS)
    for k in range(n):
        if circles[k, 2] <= 0.0:
            continue
        # The octagon is turned towards the start, so that a start moves its corners smoothly.
        first = math.atan2(y - circles[k, 1], x - circles[k, 0])
        for c in range(N_CORNERS):
            angle = first + 2.0 * math.pi * (c + 0.5) / N_CORNERS
            px = circles[k, 0] + stretch * circles[k, 2] * math.cos(angle)
            py = circles[k, 1] + stretch * circles[k, 2] * math.sin(angle)
            if is_clear(px, py, px, py, circles, n):
                nodes[n_nodes, 0], nodes[n_nodes, 1] = px, py
                n_nodes += 1
    cost = np.full(n_nodes, np.inf)
    before = np.full(n_nodes, -1, np.int64)
    is_done = np.zeros(n_nodes, np.bool_)
    cost[0] = 0.0
    for _ in range(n_nodes):
        here = -1
        for i in range(n_nodes):
            if not is_done[i] and cost[i] < np.inf and (here < 0 or cost[i] < cost[here]):
                here = i
        if here < 0 or here == 1:
            break
        is_done[here] = True
        for i in range(1, n_nodes):
            if is_done[i]:
                continue
            dx, dy = nodes[i, 0] - nodes[here, 0], nodes[i, 1] - nodes[here, 1]
            total = cost[here] + math.sqrt(dx * dx + dy * dy)
            if here == 0:
                total += TURN_COST_M * abs(wrap(math.atan2(dy, dx) - yaw))
            if total < cost[i] and is_clear(
                nodes[here, 0], nodes[here, 1], nodes[i, 0], nodes[i, 1], circles, n
            ):
                cost[i], before[i] = total, here
    if cost[1] == np.inf:
        way[1, 0], way[1, 1] = goal_x, goal_y
        return 2
    n_way, i = 1, 1
    while before[i] >= 0:
        n_way, i = n_way + 1, before[i]
    i, place = 1, n_way - 1
    while place > 0:
        way[place, 0], way[place, 1] = nodes[i, 0], nodes[i, 1]
        i, place = before[i], place - 1
    return n_way
