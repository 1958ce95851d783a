"""Shapes: where a ray enters a primitive, and which way its surface faces there.

Everything happens in the geom's own frame and in float32. A ray is o + t d with t > 0; d is not a
unit vector. A miss is t = inf. `r`, `h` and the box's `sx, sy, sz` are radii and half lengths [m],
as in MuJoCo's geom sizes. Spheres and ellipsoids are scaled to unit spheres before they come here.
"""

import numpy as np

from vla_sim.physics.render.compiled import kernel

HIDDEN, PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX = -1, 0, 1, 2, 3, 4, 5
F = np.float32
ZERO, ONE, MISS = np.float32(0.0), np.float32(1.0), np.float32(np.inf)


@kernel
def hit_plane(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, sx: F, sy: F) -> F:
    """The plane z = 0 from above; a size of 0 is endless."""
    if oz <= ZERO or dz >= ZERO:
        return MISS
    t = -oz / dz
    if (sx > ZERO and abs(ox + t * dx) > sx) or (sy > ZERO and abs(oy + t * dy) > sy):
        return MISS
    return t


@kernel
def hit_ball(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F) -> F:
    """The unit sphere."""
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - ONE
    disc = b * b - a * c
    if disc < ZERO:
        return MISS
    t = (-b - np.sqrt(disc)) / a
    return t if t > ZERO else MISS


@kernel
def hit_capsule(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, r: F, h: F) -> F:
    """A cylinder along z with a half ball at each end."""
    a = dx * dx + dy * dy
    b = ox * dx + oy * dy
    disc = b * b - a * (ox * ox + oy * oy - r * r)
    if disc < ZERO:
        return MISS
    t: F = (-b - np.sqrt(disc)) / a
    z = oz + t * dz
    if abs(z) <= h:
        return t if t > ZERO else MISS
    end = h if (z > ZERO or (z != z and oz > ZERO)) else -h
    oz -= end
    a += dz * dz
    b += oz * dz
    disc = b * b - a * (ox * ox + oy * oy + oz * oz - r * r)
    if disc < ZERO:
        return MISS
    t = (-b - np.sqrt(disc)) / a
    return t if t > ZERO else MISS


@kernel
def hit_cylinder(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, r: F, h: F) -> F:
    """A cylinder along z with flat ends."""
    a = dx * dx + dy * dy
    b = ox * dx + oy * dy
    disc = b * b - a * (ox * ox + oy * oy - r * r)
    if disc < ZERO:
        return MISS
    t: F = (-b - np.sqrt(disc)) / a
    if t > ZERO and abs(oz + t * dz) <= h:
        return t
    if abs(oz) <= h:
        return MISS
    t = ((h if oz > ZERO else -h) - oz) / dz
    x, y = ox + t * dx, oy + t * dy
    return t if t > ZERO and x * x + y * y <= r * r else MISS


@kernel
def hit_box(ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, sx: F, sy: F, sz: F) -> F:
    """A box, from outside."""
    ix, iy, iz = ONE / dx, ONE / dy, ONE / dz
    mx, my, mz = -ox * ix, -oy * iy, -oz * iz
    wx, wy, wz = abs(sx * ix), abs(sy * iy), abs(sz * iz)
    enter = max(max(mx - wx, my - wy), mz - wz)
    leave = min(min(mx + wx, my + wy), mz + wz)
    return enter if enter <= leave and enter > ZERO else MISS


@kernel
def hit(kind: int, ox: F, oy: F, oz: F, dx: F, dy: F, dz: F, sx: F, sy: F, sz: F) -> F:
    """The ray's first entry into a shape of this kind."""
    if kind == BOX:
        return hit_box(ox, oy, oz, dx, dy, dz, sx, sy, sz)
    if kind == CAPSULE:
        return hit_capsule(ox, oy, oz, dx, dy, dz, sx, sy)
    if kind == CYLINDER:
        return hit_cylinder(ox, oy, oz, dx, dy, dz, sx, sy)
    if kind == PLANE:
        return hit_plane(ox, oy, oz, dx, dy, dz, sx, sy)
    return hit_ball(ox, oy, oz, dx, dy, dz)


@kernel
def normal(kind: int, x: F, y: F, z: F, sx: F, sy: F, sz: F) -> tuple[F, F, F]:
    """Outward unit normal in the geom's frame at the surface point (x, y, z).

    For a sphere or an ellipsoid the point is that on the unit sphere to which it was scaled.
    """
    if kind == BOX:
        fx, fy, fz = abs(x) / sx, abs(y) / sy, abs(z) / sz
        if fz >= fx and fz >= fy:
            return ZERO, ZERO, ONE if z > ZERO else -ONE
        if fx >= fy:
            return ONE if x > ZERO else -ONE, ZERO, ZERO
        return ZERO, ONE if y > ZERO else -ONE, ZERO
    if kind == CAPSULE:
        return x / sx, y / sx, (z - min(max(z, -sy), sy)) / sx
    if kind == CYLINDER:
        if x * x + y * y < sx * sx * F(0.9999) and abs(z) > sy * F(0.999):
            return ZERO, ZERO, ONE if z > ZERO else -ONE
        return x / sx, y / sx, ZERO
    if kind == PLANE:
        return ZERO, ZERO, ONE
    if kind == SPHERE:
        return x, y, z
    x, y, z = x / sx, y / sy, z / sz
    length = np.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


@kernel
def shades(kind: int, x: F, y: F, z: F, lx: F, ly: F, lz: F, sx: F, sy: F, sz: F) -> bool:
    """Whether the shape lies between the point (x, y, z) and the sun, towards (lx, ly, lz)."""
    if kind == BOX:
        t = hit_box(x, y, z, lx, ly, lz, sx, sy, sz)
    elif kind == CAPSULE:
        t = hit_capsule(x, y, z, lx, ly, lz, sx, sy)
    elif kind == CYLINDER:
        t = hit_cylinder(x, y, z, lx, ly, lz, sx, sy)
    else:
        t = hit_ball(x, y, z, lx, ly, lz)
    return bool(t < MISS)
