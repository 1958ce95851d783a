"""Rows: neighbouring pixels of one picture row against one geom.

Each loop holds one kind of shape and no branch, so that the compiler turns it into vector
instructions; that is why the kinds are told apart outside of the loops.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import kernel
from vla_sim.physics.render.shapes import (
    BOX,
    CAPSULE,
    CYLINDER,
    ONE,
    PLANE,
    ZERO,
    F,
    Vector,
    ball_normal,
    box_normal,
    capsule_normal,
    cylinder_normal,
    hit_ball,
    hit_box,
    hit_capsule,
    hit_cylinder,
    hit_plane,
)

Singles = NDArray[np.float32]
"""float32, any shape."""

LANES = 16
"""Rows are traced in whole multiples of this, beyond a window's edge if need be: what is left over
from a vector instruction would be traced one pixel at a time."""

# A placement is one geom as the camera's rays meet it, 25 numbers in the geom's own frame: a ray
# through pixel (row, column) is o + t (f + row * d + column * r); then the light there (sun and sky
# weighted, the sun's bare direction) and the geom's size.
ORIGIN, FORWARD, DOWN, RIGHT, SUN, SKY, TO_SUN, SIZE, AMBIENT = 0, 3, 6, 9, 12, 15, 18, 21, 24
N_PLACEMENT = 25


@kernel
def at(placed: Singles, first: int) -> Vector:
    """Three neighbouring numbers of a placement."""
    return placed[first], placed[first + 1], placed[first + 2]


@kernel
def brightness_of(n: Vector, ambient: F, sky: Vector, sun: Vector) -> F:
    """What the light does to a face with the unit normal n."""
    glow: F = ambient + n[0] * sky[0] + n[1] * sky[1] + n[2] * sky[2]
    direct: F = n[0] * sun[0] + n[1] * sun[1] + n[2] * sun[2]
    return (glow if glow > ZERO else ZERO) + (direct if direct > ZERO else ZERO)


@kernel
def trace_row(
    kind: int,
    slope: F,
    columns: Singles,
    placed: Singles,
    near: Singles,
    lit: Singles,
) -> None:
    """Depth (or MISS) and brightness of a geom along one row.

    Args:
        kind: The geom's kind.
        slope: The row's downward slope.
        columns: Rightward slopes of the pixels, shape (k,).
        placed: The geom's placement.
        near: Depth goes here, shape (k,) or longer.
        lit: Brightness goes here; without meaning where nothing was hit.
    """
    ox, oy, oz = at(placed, ORIGIN)
    gx, gy, gz = at(placed, FORWARD)
    wx, wy, wz = at(placed, DOWN)
    rx, ry, rz = at(placed, RIGHT)
    fx, fy, fz = gx + slope * wx, gy + slope * wy, gz + slope * wz
    sx, sy, sz = at(placed, SIZE)
    ambient, sky, sun = placed[AMBIENT], at(placed, SKY), at(placed, SUN)
    if kind == BOX:
        for i in range(len(columns)):
            c = columns[i]
            dx, dy, dz = fx + c * rx, fy + c * ry, fz + c * rz
            t = hit_box(ox, oy, oz, dx, dy, dz, sx, sy, sz)
            n = box_normal(ox + t * dx, oy + t * dy, oz + t * dz, sx, sy, sz)
            near[i], lit[i] = t, brightness_of(n, ambient, sky, sun)
    elif kind == CAPSULE:
        for i in range(len(columns)):
            c = columns[i]
            dx, dy, dz = fx + c * rx, fy + c * ry, fz + c * rz
            t = hit_capsule(ox, oy, oz, dx, dy, dz, sx, sy)
            n = capsule_normal(ox + t * dx, oy + t * dy, oz + t * dz, sx, sy)
            near[i], lit[i] = t, brightness_of(n, ambient, sky, sun)
    elif kind == CYLINDER:
        for i in range(len(columns)):
            c = columns[i]
            dx, dy, dz = fx + c * rx, fy + c * ry, fz + c * rz
            t = hit_cylinder(ox, oy, oz, dx, dy, dz, sx, sy)
            n = cylinder_normal(ox + t * dx, oy + t * dy, oz + t * dz, sx, sy)
            near[i], lit[i] = t, brightness_of(n, ambient, sky, sun)
    elif kind == PLANE:
        up = brightness_of((ZERO, ZERO, ONE), ambient, sky, sun)
        for i in range(len(columns)):
            c = columns[i]
            dx, dy, dz = fx + c * rx, fy + c * ry, fz + c * rz
            near[i], lit[i] = hit_plane(ox, oy, oz, dx, dy, dz, sx, sy), up
    else:
        for i in range(len(columns)):
            c = columns[i]
            dx, dy, dz = fx + c * rx, fy + c * ry, fz + c * rz
            t = hit_ball(ox, oy, oz, dx, dy, dz)
            n = ball_normal(ox + t * dx, oy + t * dy, oz + t * dz, sx, sy, sz)
            near[i], lit[i] = t, brightness_of(n, ambient, sky, sun)
