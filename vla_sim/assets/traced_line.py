"""A line on a table: a chain of flat links of equal length, each a mocap body of its own.

Lines are p joints (x, y); a place on one is told in links from its beginning.
"""

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LINK_M = 0.04
"""From joint to joint."""
LOW_M = 0.045
"""A tool point is on a line only below this height,"""
NEAR_M = 0.045
"""and not farther than this aside of it [m]: that is as far as a glance goes astray."""
_AT_END = 0.25
"""Links before its end at which a line has been traced, if it has."""

_HALF_WIDTH_M = 0.008
_HALF_HEIGHT_M = 0.0015


def add_line(spec: mujoco.MjSpec, name: str, n_links: int) -> None:
    """Add a line of `n_links`: mocap bodies "<name>_0" ..., geoms "<name>_0_colour" ....

    A link's origin is its middle, its length lies along x. Nothing touches a line.
    """
    for k in range(n_links):
        link = spec.worldbody.add_body(name=f"{name}_{k}", mocap=True)
        link.add_geom(
            name=f"{name}_{k}_colour",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            # A little longer than its share, so that bends have no gaps.
            size=[0.5 * LINK_M + 0.3 * _HALF_WIDTH_M, _HALF_WIDTH_M, _HALF_HEIGHT_M],
            # Links differ in height by a hair, so that no two faces lie in one plane.
            pos=[0.0, 0.0, _HALF_HEIGHT_M + 0.0002 * (k % 2)],
            contype=0,
            conaffinity=0,
        )


def nearest_on(path: Floats, point: Floats) -> tuple[Floats, Floats]:
    """Where lines (..., p, 2) come nearest to points (..., 2) [m]: links along, and how far [m]."""
    begin, link = path[..., :-1, :], path[..., 1:, :] - path[..., :-1, :]
    way = point[..., None, :] - begin
    square = np.maximum(link[..., 0] * link[..., 0] + link[..., 1] * link[..., 1], 1e-12)
    share = np.clip((way[..., 0] * link[..., 0] + way[..., 1] * link[..., 1]) / square, 0.0, 1.0)
    off = way - share[..., None] * link
    away = off[..., 0] * off[..., 0] + off[..., 1] * off[..., 1]
    nearest = np.argmin(away, axis=-1)[..., None]
    along = nearest[..., 0] + np.take_along_axis(share, nearest, axis=-1)[..., 0]
    return along, np.sqrt(np.take_along_axis(away, nearest, axis=-1)[..., 0])


def point_on(path: Floats, along: Floats) -> Floats:
    """Points (..., 2) so many links (...) along lines (..., p, 2), at their ends at most [m]."""
    whole = np.clip(np.floor(along), 0.0, path.shape[-2] - 2.0)
    share = np.clip(along - whole, 0.0, 1.0)
    row = whole.astype(np.int64)[..., None, None]
    begin = np.take_along_axis(path, row, axis=-2)[..., 0, :]
    end = np.take_along_axis(path, row + 1, axis=-2)[..., 0, :]
    point: Floats = begin + share[..., None] * (end - begin)
    return point


def traced(path: Floats, tool: Floats) -> Floats:
    """How many links along lines (..., p, 2) tools (..., 3) [m] have come; -1: not begun, (...).

    Read off the present alone, so that a picture shows it: a tool that is low over a line has come
    as far as it is; any other, and one at the end, begins anew.
    """
    along, aside = nearest_on(path, tool[..., :2])
    is_on = (tool[..., 2] < LOW_M) & (aside < NEAR_M) & (along < path.shape[-2] - 1.0 - _AT_END)
    return np.where(is_on, along, -1.0)
