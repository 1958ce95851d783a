"""The shortest way around a few circles: a visibility graph over their corners."""

import math

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_motion import wrap
from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]

N_CORNERS = 8
"""Each circle becomes a circumscribed octagon."""
TURN_COST_M = 3.0
"""Metres of detour that one radian of turning at the start is worth."""
WALL_M = 60.0
"""Length of the wall that forbids one side of a circle [m]."""


@entry
def first_hit(ax: float, ay: float, bx: float, by: float, circles: Floats) -> int:
    """Which circle (x, y, radius) the straight way from a to b enters first; -1 for none."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    hit, hit_at = -1, np.inf
    for k in range(len(circles)):
        px, py = circles[k, 0] - ax, circles[k, 1] - ay
        t = 0.0
        if length2 > 1e-12:
            t = min(max((px * dx + py * dy) / length2, 0.0), 1.0)
        qx, qy = px - t * dx, py - t * dy
        reach = 0.999 * circles[k, 2]
        if qx * qx + qy * qy < reach * reach and t < hit_at:
            hit, hit_at = k, t
    return hit


@entry
def crosses(ax: float, ay: float, bx: float, by: float, wall: Floats) -> bool:
    """Whether the straight way from a to b crosses the wall (x0, y0, x1, y1)."""
    dx, dy = bx - ax, by - ay
    wx, wy = wall[2] - wall[0], wall[3] - wall[1]
    side_0 = dx * (wall[1] - ay) - dy * (wall[0] - ax)
    side_1 = dx * (wall[3] - ay) - dy * (wall[2] - ax)
    side_a = wx * (ay - wall[1]) - wy * (ax - wall[0])
    side_b = wx * (by - wall[1]) - wy * (bx - wall[0])
    return bool(side_0 * side_1 < 0.0 and side_a * side_b < 0.0)


@entry
def wall_beside(circle: Floats, dx: float, dy: float, side: float) -> Floats:
    """A wall from a circle's centre to the right (side -1) or left (+1) of a direction."""
    length = max(math.sqrt(dx * dx + dy * dy), 1e-9)
    wall = np.empty(4)
    wall[0], wall[1] = circle[0], circle[1]
    wall[2] = circle[0] - side * WALL_M * dy / length
    wall[3] = circle[1] + side * WALL_M * dx / length
    return wall


@entry
def shortest_way(
    x: float,
    y: float,
    yaw: float,
    goal_x: float,
    goal_y: float,
    circles: Floats,
    wall: Floats,
    way: Floats,
) -> int:
    """Corners of the shortest way from a pose to a goal.

    Args:
        x: Start [m].
        y: Start [m].
        yaw: Heading at the start [rad]; turning away from it costs.
        goal_x: Goal [m].
        goal_y: Goal [m].
        circles: (n, 3) x, y, radius that is kept clear [m]. Start and goal must lie outside.
        wall: (4,) x0, y0, x1, y1 of a line that is not crossed [m].
        way: (n * N_CORNERS + 2, 2), filled with the corners; the first is the start.

    Returns:
        Number of corners; 0 where there is no way.
    """
    n = len(circles)
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
            if first_hit(px, py, px, py, circles) < 0:
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
        ax, ay = nodes[here, 0], nodes[here, 1]
        for i in range(1, n_nodes):
            if is_done[i]:
                continue
            bx, by = nodes[i, 0], nodes[i, 1]
            total = cost[here] + math.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
            if total >= cost[i] or crosses(ax, ay, bx, by, wall):
                continue
            if first_hit(ax, ay, bx, by, circles) >= 0:
                continue
            if here == 0:
                total += TURN_COST_M * abs(wrap(math.atan2(by - ay, bx - ax) - yaw))
            if total < cost[i]:
                cost[i], before[i] = total, here
    if cost[1] == np.inf:
        return 0
    n_way, i = 1, 1
    while before[i] >= 0:
        n_way, i = n_way + 1, before[i]
    i, place = 1, n_way - 1
    while place >= 0:
        way[place, 0], way[place, 1] = nodes[i, 0], nodes[i, 1]
        i, place = before[i], place - 1
    return n_way
