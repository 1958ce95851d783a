"""Shadows: what geoms cast on the grounds, along one sun.

The sun is far away, so a shadow falls along one direction. A sphere, an ellipsoid or a capsule that
stands on or above the ground is therefore tested flat: seen along the sun it is a disc, or a strip
with round ends, and a point lies in its shadow if it lies in that. The others are hit by a ray from
the point to the sun.
"""

import numpy as np

from vla_sim.physics.compiled import kernel
from vla_sim.physics.render.bounds import Floats, fill_shadow, fill_solid, heights
from vla_sim.physics.render.draw import lit_colour, place, set_pixel, whole_lanes, window
from vla_sim.physics.render.frame import Frames, Scratch
from vla_sim.physics.render.rows import (
    AMBIENT,
    DOWN,
    FORWARD,
    ORIGIN,
    RIGHT,
    SIZE,
    SKY,
    SUN,
    TO_SUN,
    Singles,
    at,
    brightness_of,
)
from vla_sim.physics.render.shapes import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    HIDDEN,
    MISS,
    ONE,
    PLANE,
    SPHERE,
    ZERO,
    F,
    hit_ball,
    hit_box,
    hit_capsule,
    hit_cylinder,
)
from vla_sim.physics.render.tables import Scene

FLAT = 6
"""The kind of a caster that is tested flat."""
LOWEST_CASTER_M = 0.012
"""What lies flatter on a ground (a painted line, a goal's disc) casts no shadow on it."""
SUNK_M = -0.002
"""What reaches deeper into the ground is not tested flat: seen flat, nothing is above or below."""
STEEP = np.float32(1e-6)


@kernel
def flatten(kind: int, placed: Singles) -> None:
    """Make a placement two-dimensional: components across the sun, strip radius and half length.

    The first component runs along the capsule's axis as seen from the sun.
    """
    lx, ly, lz = at(placed, TO_SUN)
    length = np.sqrt(lx * lx + ly * ly + lz * lz)
    lx, ly, lz = lx / length, ly / length, lz / length
    slant = ONE - lz * lz
    ex, ey, ez = -lz * lx, -lz * ly, slant
    if slant < STEEP:  # along the axis: any direction will do
        slant = ZERO
        ex, ey, ez = ONE - lx * lx, -lx * ly, -lx * lz
    length = np.sqrt(ex * ex + ey * ey + ez * ez)
    ex, ey, ez = ex / length, ey / length, ez / length
    fx, fy, fz = ly * ez - lz * ey, lz * ex - lx * ez, lx * ey - ly * ex
    for first in (ORIGIN, FORWARD, DOWN, RIGHT):
        x, y, z = at(placed, first)
        placed[first] = x * ex + y * ey + z * ez
        placed[first + 1] = x * fx + y * fy + z * fz
    if kind == CAPSULE:
        placed[SIZE + 1] *= np.sqrt(slant)
    else:
        placed[SIZE], placed[SIZE + 1] = ONE, ZERO


@kernel
def shade_row(
    kind: int, slope: F, columns: Singles, placed: Singles, depth: Singles, hidden: Singles
) -> None:
    """Mark the pixels of one row from which a geom hides the sun.

    Args:
        kind: The caster's kind.
        slope: The row's downward slope.
        columns: Rightward slopes of the pixels, shape (k,).
        placed: The caster's placement.
        depth: Depth of what is seen [m], shape (k,).
        hidden: 1 goes where the sun is hidden, shape (k,).
    """
    ox, oy, oz = at(placed, ORIGIN)
    gx, gy, gz = at(placed, FORWARD)
    wx, wy, wz = at(placed, DOWN)
    rx, ry, rz = at(placed, RIGHT)
    fx, fy, fz = gx + slope * wx, gy + slope * wy, gz + slope * wz
    lx, ly, lz = at(placed, TO_SUN)
    sx, sy, sz = at(placed, SIZE)
    if kind == FLAT:
        for i in range(len(columns)):
            c, t = columns[i], depth[i]
            x, y = ox + t * (fx + c * rx), oy + t * (fy + c * ry)
            x = abs(x) - sy
            x = x if x > ZERO else ZERO
            hidden[i] = ONE if x * x + y * y <= sx * sx else hidden[i]
        return
    for i in range(len(columns)):
        c, t = columns[i], depth[i]
        x, y, z = ox + t * (fx + c * rx), oy + t * (fy + c * ry), oz + t * (fz + c * rz)
        if kind == BOX:
            t = hit_box(x, y, z, lx, ly, lz, sx, sy, sz)
        elif kind == CAPSULE:
            t = hit_capsule(x, y, z, lx, ly, lz, sx, sy)
        elif kind == CYLINDER:
            t = hit_cylinder(x, y, z, lx, ly, lz, sx, sy)
        else:
            t = hit_ball(x, y, z, lx, ly, lz)
        hidden[i] = ONE if t < MISS else hidden[i]


@kernel
def in_sun(pixel: int, ground: int, lit: F, frame: Frames) -> bool:
    """Whether a pixel shows a face of a ground that nothing has yet hidden from the sun.

    Such a face has one brightness, `lit`, which tells it from the ground's other faces.
    """
    return bool((frame.geom[pixel] == ground) & (frame.brightness[pixel] == lit))


@kernel
def find_casters(
    still: bool,
    ground: int,
    point: Floats,
    normal: Floats,
    scene: Scene,
    pos: Floats,
    mat: Floats,
    rgba: Singles,
    eye: Floats,
    scratch: Scratch,
) -> int:
    """Place all geoms whose shadow on a ground may be seen; returns how many there are."""
    shapes, lens, sun = scene.shapes, scene.lens, scene.sun
    solid, shadow, n = scratch.solid[0], scratch.solid[1], 0
    for g in range(len(shapes.kind)):
        kind = shapes.kind[g]
        if kind in (HIDDEN, PLANE) or shapes.still[g] != still or g == ground:
            continue
        if rgba[g, 3] <= 0.0:
            continue
        fill_solid(kind, shapes.size[g], pos[g], mat[g], solid)
        low, high = heights(solid, point, normal)
        if high <= LOWEST_CASTER_M:
            continue
        fill_shadow(solid, point, normal, sun.direction, shadow)
        r0, r1, c0, c1 = window(kind, shadow, eye, lens, scratch.solid[2])
        if r0 >= r1 or c0 >= c1:
            continue
        placed, caster = scratch.placed[n], scratch.caster[n]
        place(kind, shapes.size[g], pos[g], mat[g], eye, lens.axes, sun, placed)
        flat = low >= SUNK_M and kind in (CAPSULE, SPHERE, ELLIPSOID)
        if flat:
            flatten(kind, placed)
        caster[0] = FLAT if flat else kind
        caster[1], caster[2], caster[3], caster[4] = r0, r1, c0, c1
        n += 1
    return n


@kernel
def darken(
    n_casters: int,
    ground: int,
    lit: F,
    dark: F,
    scene: Scene,
    rgba: Singles,
    scratch: Scratch,
    frame: Frames,
) -> None:
    """Darken the pixels of a ground from which any of the placed casters hides the sun."""
    lens, casters = scene.lens, scratch.caster
    hidden, depth = scratch.work[0], scratch.work[1]
    value = lit_colour(rgba[ground], dark)
    top, bottom = len(lens.rows), 0
    for k in range(n_casters):
        top, bottom = min(top, casters[k, 1]), max(bottom, casters[k, 2])
    for row in range(top, bottom):
        left, right = lens.width, 0
        for k in range(n_casters):
            if casters[k, 1] <= row < casters[k, 2]:
                left, right = min(left, casters[k, 3]), max(right, casters[k, 4])
        start = row * lens.width
        while left < right and not in_sun(start + left, ground, lit, frame):
            left += 1
        while left < right and not in_sun(start + right - 1, ground, lit, frame):
            right -= 1
        if left >= right:
            continue
        n, seen = right - left, frame.depth[start + left : start + right]
        row_depth, row_hidden = depth[left:right], hidden[left:right]
        for i in range(n):
            row_depth[i] = seen[i]
            row_hidden[i] = ZERO
        for k in range(n_casters):
            first, last = max(left, casters[k, 3]), min(right, casters[k, 4])
            if casters[k, 1] <= row < casters[k, 2] and first < last:
                end = first + whole_lanes(last - first)
                shade_row(
                    casters[k, 0],
                    lens.rows[row],
                    lens.columns[first:end],
                    scratch.placed[k],
                    depth[first:end],
                    hidden[first:end],
                )
        for i in range(n):
            if row_hidden[i] > ZERO and in_sun(start + left + i, ground, lit, frame):
                frame.brightness[start + left + i] = dark
                set_pixel(frame.rgb, start + left + i, value)


@kernel
def draw_shadows(
    still: bool,
    scene: Scene,
    pos: Floats,
    mat: Floats,
    rgba: Singles,
    eye: Floats,
    scratch: Scratch,
    frame: Frames,
) -> None:
    """Draw what the geoms of the backdrop (`still`) or all others cast on the grounds."""
    shapes, grounds, sun = scene.shapes, scene.grounds, scene.sun
    placed, point, normal = scratch.placed[0], scratch.solid[3, 0], scratch.solid[3, 1]
    for k in range(len(grounds.geom)):
        ground = grounds.geom[k]
        if rgba[ground, 3] <= 0.0:
            continue
        size, p, m = shapes.size[ground], pos[ground], mat[ground]
        place(shapes.kind[ground], size, p, m, eye, scene.lens.axes, sun, placed)
        face = grounds.normal[k]
        for i in range(3):
            normal[i] = m[3 * i] * face[0] + m[3 * i + 1] * face[1] + m[3 * i + 2] * face[2]
            point[i] = p[i] + grounds.offset[k] * normal[i]
        n, sky, direct = (F(face[0]), F(face[1]), F(face[2])), at(placed, SKY), at(placed, SUN)
        lit = brightness_of(n, placed[AMBIENT], sky, direct)
        left = sun.weights[3]
        rest = (left * direct[0], left * direct[1], left * direct[2])
        dark = brightness_of(n, placed[AMBIENT], sky, rest)
        if lit == dark:
            continue
        n_casters = find_casters(still, ground, point, normal, scene, pos, mat, rgba, eye, scratch)
        darken(n_casters, ground, lit, dark, scene, rgba, scratch, frame)
