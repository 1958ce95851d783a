"""Shapes: where a ray enters a primitive, and which way its surface faces there.

Everything happens in the geom's own frame and in float32. A ray is o + t d with t > 0; d is not a
unit vector. A miss is t = inf. `r`, `h` and the box's `sx, sy, sz` are radii and half lengths [m],
as in MuJoCo's geom sizes. Spheres and ellipsoids are scaled to unit spheres before they come here.

There is no branch around a root or a division, and `&` stands for `and`: the compiler then handles
many pixels with one instruction. A root of a negative number is NaN, and no NaN passes `t > 0`.
"""

import numpy as np

from vla_sim.physics.compiled import kernel

HIDDEN, PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX = -1, 0, 1, 2, 3, 4, 5
F = np.float32
Vector = tuple[F, F, F]
ZERO, ONE, MISS = np.float32(0.0), np.float32(1.0), np.float32(np.inf)
TINY = np.float32(1e-12)
"""Keeps a ray along the axis of a cylinder or capsule from dividing by zero."""
RIM, END = np.float32(0.9999), np.float32(0.999)
"""Where on a cylinder a point counts as on the flat end, in parts of r^2 and of h."""


@kernel
def hit_plane(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, sx: F, sy: F) -> F:
    """The plane z = 0 from above; `sx, sy` may be inf."""
    t = -oz / dz
    x, y = ox + t * dx, oy + t * dy
    inside = (abs(x) <= sx) & (abs(y) <= sy)
    return t if inside & (t > ZERO) & (oz > ZERO) else MISS


@kernel
def hit_ball(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F) -> F:
    """The unit sphere."""
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - ONE
    t = (-b - np.sqrt(b * b - a * c)) / a
    return t if t > ZERO else MISS


@kernel
def hit_capsule(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, r: F, h: F) -> F:
    """A cylinder along z with a half ball at each end."""
    a = dx * dx + dy * dy + TINY
    b = ox * dx + oy * dy
    c = ox * ox + oy * oy - r * r
    side: F = (-b - np.sqrt(b * b - a * c)) / a
    z = oz + side * dz
    pz = oz - (h if z > ZERO else -h)
    a += dz * dz
    b += pz * dz
    c += pz * pz
    end: F = (-b - np.sqrt(b * b - a * c)) / a
    t = side if abs(z) <= h else end
    return t if t > ZERO else MISS


@kernel
def hit_cylinder(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, r: F, h: F) -> F:
    """A cylinder along z with flat ends."""
    a = dx * dx + dy * dy + TINY
    b = ox * dx + oy * dy
    c = ox * ox + oy * oy - r * r
    side: F = (-b - np.sqrt(b * b - a * c)) / a
    end = ((h if oz > ZERO else -h) - oz) / dz
    x, y = ox + end * dx, oy + end * dy
    through_end = (x * x + y * y <= r * r) & (end > ZERO) & (abs(oz) > h)
    t = end if through_end else MISS
    return side if (abs(oz + side * dz) <= h) & (side > ZERO) else t


@kernel
def hit_box(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, sx: F, sy: F, sz: F) -> F:
    """A box, from outside."""
    ix, iy, iz = ONE / dx, ONE / dy, ONE / dz
    mx, my, mz = -ox * ix, -oy * iy, -oz * iz
    wx, wy, wz = abs(sx * ix), abs(sy * iy), abs(sz * iz)
    enter = mx - wx
    enter = my - wy if my - wy > enter else enter
    enter = mz - wz if mz - wz > enter else enter
    leave = mx + wx
    leave = my + wy if my + wy < leave else leave
    leave = mz + wz if mz + wz < leave else leave
    return enter if (enter <= leave) & (enter > ZERO) else MISS


@kernel
def box_normal(x: F, y: F, z: F, sx: F, sy: F, sz: F) -> Vector:
    """Outward unit normal of a box at its surface point (x, y, z)."""
    fx, fy, fz = abs(x) / sx, abs(y) / sy, abs(z) / sz
    on_z = (fz >= fx) & (fz >= fy)
    on_x = (fx >= fy) & (fz < fx)
    on_y = (fy > fx) & (fz < fy)
    nx = ONE if x > ZERO else -ONE
    ny = ONE if y > ZERO else -ONE
    nz = ONE if z > ZERO else -ONE
    return nx if on_x else ZERO, ny if on_y else ZERO, nz if on_z else ZERO


@kernel
def capsule_normal(x: F, y: F, z: F, r: F, h: F) -> Vector:
    """Outward unit normal of a capsule at its surface point (x, y, z)."""
    along = z if z > -h else -h
    along = along if along < h else h
    return x / r, y / r, (z - along) / r


@kernel
def cylinder_normal(x: F, y: F, z: F, r: F, h: F) -> Vector:
    """Outward unit normal of a cylinder at its surface point (x, y, z)."""
    on_end = (x * x + y * y < r * r * RIM) & (abs(z) > h * END)
    nz = ONE if z > ZERO else -ONE
    return ZERO if on_end else x / r, ZERO if on_end else y / r, nz if on_end else ZERO


@kernel
def ball_normal(x: F, y: F, z: F, sx: F, sy: F, sz: F) -> Vector:
    """Outward unit normal of an ellipsoid, for the point (x, y, z) on its unit sphere."""
    nx, ny, nz = x / sx, y / sy, z / sz
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / length, ny / length, nz / length
