"""Bounds: the rectangle of pixels outside of which a shape, or its shadow, cannot appear.

A solid is held as five vectors (rows of a float64 (5, 3) array): centre, three half axes, and a
stretch. A box is all corners centre +- half axes. Any other solid lies in the hull of two
ellipsoids, one at each of centre +- stretch, with the same half axes: a cylinder is the hull of two
flat ones. Projecting a solid along the sun onto a plane is a linear map of these vectors, so one
formula bounds shapes and shadows alike.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import kernel
from vla_sim.physics.render.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID

Floats = NDArray[np.float64]
Slopes = tuple[float, float, float, float]
"""left, right, top, bottom, each in metres per metre of depth."""
NOTHING = (np.inf, -np.inf, np.inf, -np.inf)
EVERYTHING = (-np.inf, np.inf, -np.inf, np.inf)
CLOSE_M = 1e-4
"""What of a box is nearer to the camera's plane than this does not count for its bounds."""
SLACK_PIXELS = 0.01
"""Rounding may move an edge by this much."""


@kernel
def fill_solid(kind: int, size: Floats, pos: Floats, mat: Floats, solid: Floats) -> None:
    """Write the solid of a geom at `pos` (3,) with the row-major rotation `mat` (9,)."""
    a, b, c, stretch = size[0], size[1], size[2], 0.0
    if kind == CAPSULE:
        a, b, c, stretch = size[0], size[0], size[0], size[1]
    elif kind == CYLINDER:
        a, b, c, stretch = size[0], size[0], 0.0, size[1]
    elif kind not in (BOX, ELLIPSOID):
        b = c = a
    for i in range(3):
        solid[0, i] = pos[i]
        solid[1, i] = a * mat[3 * i]
        solid[2, i] = b * mat[3 * i + 1]
        solid[3, i] = c * mat[3 * i + 2]
        solid[4, i] = stretch * mat[3 * i + 2]


@kernel
def heights(solid: Floats, point: Floats, normal: Floats) -> tuple[float, float]:
    """Between which heights above the plane through `point` the solid lies, at most [m]."""
    centre = extent = 0.0
    for i in range(3):
        centre += normal[i] * (solid[0, i] - point[i])
    for row in range(1, 5):
        extent += abs(
            solid[row, 0] * normal[0] + solid[row, 1] * normal[1] + solid[row, 2] * normal[2]
        )
    return centre - extent, centre + extent


@kernel
def fill_shadow(solid: Floats, point: Floats, normal: Floats, sun: Floats, shadow: Floats) -> None:
    """Write the solid's projection along `sun` onto the plane through `point`."""
    per_slope = 1.0 / (normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2])
    for row in range(5):
        height = 0.0
        for i in range(3):
            height += normal[i] * (solid[row, i] - (point[i] if row == 0 else 0.0))
        height *= per_slope
        for i in range(3):
            shadow[row, i] = solid[row, i] - sun[i] * height


@kernel
def widen(bounds: Slopes, left: float, right: float, top: float, bottom: float) -> Slopes:
    """Bounds that hold these too."""
    return (
        left if left < bounds[0] else bounds[0],
        right if right > bounds[1] else bounds[1],
        top if top < bounds[2] else bounds[2],
        bottom if bottom > bounds[3] else bounds[3],
    )


@kernel
def tangents(c: float, cz: float, q: float, qcz: float, qz: float) -> tuple[float, float]:
    """Slopes between which an ellipsoid in front of the camera lies, along one picture axis.

    Args:
        c: The centre along the axis [m].
        cz: The centre's depth [m].
        q: Sum of squares of the half axes along the axis.
        qcz: Sum of their products with their depths.
        qz: Sum of squares of their depths, below cz^2.
    """
    a = cz * cz - qz
    b = c * cz - qcz
    square = b * b - a * (c * c - q)
    root = np.sqrt(square if square > 0.0 else 0.0)
    per = 1.0 / a
    return (b - root) * per, (b + root) * per


@kernel
def box_slopes(local: Floats) -> Slopes:
    """Bounds of a box in the camera's frame: of its corners, and of where its edges come into view.

    The part behind the camera does not count, so that a long box that passes below the camera is
    bounded by what of it lies ahead.
    """
    bounds = NOTHING
    for corner in range(8):
        s1 = 1.0 if corner & 1 else -1.0
        s2 = 1.0 if corner & 2 else -1.0
        s3 = 1.0 if corner & 4 else -1.0
        x = local[0, 0] + s1 * local[1, 0] + s2 * local[2, 0] + s3 * local[3, 0]
        y = local[0, 1] + s1 * local[1, 1] + s2 * local[2, 1] + s3 * local[3, 1]
        z = local[0, 2] + s1 * local[1, 2] + s2 * local[2, 2] + s3 * local[3, 2]
        if z >= CLOSE_M:
            per = 1.0 / z
            bounds = widen(bounds, x * per, x * per, y * per, y * per)
            continue
        for row in range(1, 4):
            sign = s1 if row == 1 else (s2 if row == 2 else s3)
            rise = -2.0 * sign * local[row, 2]  # depth along the edge to the next corner
            if z + rise > CLOSE_M:
                part = (CLOSE_M - z) / rise
                ex = (x - part * 2.0 * sign * local[row, 0]) / CLOSE_M
                ey = (y - part * 2.0 * sign * local[row, 1]) / CLOSE_M
                bounds = widen(bounds, ex, ex, ey, ey)
    return bounds


@kernel
def round_slopes(local: Floats, n_parts: int) -> Slopes:
    """Bounds of an ellipsoid, or of the hull of two, in the camera's frame."""
    bounds = NOTHING
    qx = qy = qz = qxz = qyz = 0.0
    for row in range(1, 4):
        x, y, z = local[row, 0], local[row, 1], local[row, 2]
        qx, qy, qz = qx + x * x, qy + y * y, qz + z * z
        qxz, qyz = qxz + x * z, qyz + y * z
    n_behind = 0
    for part in range(n_parts):
        side = 1.0 - 2.0 * part
        x = local[0, 0] + side * local[4, 0]
        y = local[0, 1] + side * local[4, 1]
        z = local[0, 2] + side * local[4, 2]
        if z * z <= qz * (1.0 + 1e-9) + 1e-12:
            return EVERYTHING
        if z < 0.0:
            n_behind += 1
            continue
        left, right = tangents(x, z, qx, qxz, qz)
        top, bottom = tangents(y, z, qy, qyz, qz)
        bounds = widen(bounds, left, right, top, bottom)
    return EVERYTHING if 0 < n_behind < n_parts else bounds


@kernel
def screen_slopes(kind: int, solid: Floats, eye: Floats, axes: Floats, local: Floats) -> Slopes:
    """Bounds of a solid in slopes: left, right, top, bottom. Empty if left > right.

    Args:
        kind: The shape's kind.
        solid: (5, 3) in the world [m].
        eye: Camera position [m], shape (3,).
        axes: (3, 3), columns right, down and forward in the world.
        local: (5, 3) to work in.
    """
    for row in range(5):
        for j in range(3):
            total = 0.0
            for i in range(3):
                total += axes[i, j] * (solid[row, i] - (eye[i] if row == 0 else 0.0))
            local[row, j] = total
    if kind == BOX:
        return box_slopes(local)
    return round_slopes(local, 2 if kind in (CAPSULE, CYLINDER) else 1)


@kernel
def pixel_range(low: float, high: float, first: float, per_step: float, n: int) -> tuple[int, int]:
    """First and last-but-one index of the pixel centres between two slopes."""
    start = np.ceil((low - first) * per_step - SLACK_PIXELS)
    stop = np.floor((high - first) * per_step + SLACK_PIXELS) + 1.0
    end = float(n)
    start = start if start < end else end
    stop = stop if stop < end else end
    return int(start if start > 0.0 else 0.0), int(stop if stop > 0.0 else 0.0)
