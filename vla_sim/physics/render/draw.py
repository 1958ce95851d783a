"""Draw: one shape, or one shape's shadow, into one frame."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.render.bounds import Floats, pixel_range, screen_slopes
from vla_sim.physics.render.compiled import kernel
from vla_sim.physics.render.frame import Frames
from vla_sim.physics.render.light import Sun
from vla_sim.physics.render.rows import (
    AMBIENT,
    DOWN,
    FORWARD,
    LANES,
    ORIGIN,
    RIGHT,
    SIZE,
    SKY,
    SUN,
    TO_SUN,
    Singles,
    shade_row,
    trace_row,
)
from vla_sim.physics.render.shapes import ELLIPSOID, MISS, PLANE, SPHERE, ZERO, F
from vla_sim.physics.render.tables import Lens

Window = tuple[int, int, int, int]
"""First row, end of rows, first column, end of columns."""
HALF, WHITE = np.float32(0.5), np.float32(255.0)


@kernel
def place(
    kind: int,
    size: Floats,
    pos: Floats,
    mat: Floats,
    eye: Floats,
    axes: Floats,
    sun: Sun,
    placed: Singles,
) -> None:
    """Write the placement of one geom; spheres and ellipsoids are scaled to the unit sphere."""
    for j in range(3):
        scale, length = 1.0, size[j]
        if kind == SPHERE:
            scale, length = 1.0 / size[0], size[0]
        elif kind == ELLIPSOID:
            scale = 1.0 / size[j]
        elif kind == PLANE and length <= 0.0:
            length = np.inf
        origin = forward = down = right = towards_sun = 0.0
        for i in range(3):
            m = mat[3 * i + j]
            origin += m * (eye[i] - pos[i])
            right += m * axes[i, 0]
            down += m * axes[i, 1]
            forward += m * axes[i, 2]
            towards_sun += m * sun.direction[i]
        placed[ORIGIN + j] = origin * scale
        placed[FORWARD + j] = forward * scale
        placed[DOWN + j] = down * scale
        placed[RIGHT + j] = right * scale
        placed[SUN + j] = towards_sun * sun.weights[2]
        placed[SKY + j] = mat[6 + j] * sun.weights[1]
        placed[TO_SUN + j] = towards_sun * scale
        placed[SIZE + j] = length
    placed[AMBIENT] = sun.weights[0]


@kernel
def set_colour(rgb: NDArray[np.uint8], pixel: int, colour: Singles, brightness: F) -> None:
    """Write a lit colour; every pixel but the sky's passes through here."""
    scale = brightness * WHITE
    for channel in range(3):
        value = colour[channel] * scale + HALF
        value = value if value < WHITE else WHITE
        rgb[pixel, channel] = np.uint8(value if value > ZERO else ZERO)


@kernel
def window(kind: int, solid: Floats, eye: Floats, lens: Lens, local: Floats) -> Window:
    """The pixels outside of which a solid cannot appear."""
    left, right, top, bottom = screen_slopes(kind, solid, eye, lens.axes, local)
    if left > right:
        return 0, 0, 0, 0
    r0, r1 = pixel_range(top, bottom, lens.rows[0], lens.step, len(lens.rows))
    c0, c1 = pixel_range(left, right, lens.columns[0], lens.step, lens.width)
    return r0, r1, c0, c1


@kernel
def whole_lanes(n: int) -> int:
    """N rounded up to a multiple of LANES."""
    return (n + LANES - 1) // LANES * LANES


@kernel
def draw_shape(
    kind: int,
    geom: int,
    where: Window,
    placed: Singles,
    colour: Singles,
    lens: Lens,
    work: Singles,
    frame: Frames,
) -> None:
    """Draw one geom inside its window wherever nothing drawn before is nearer."""
    r0, r1, c0, c1 = where
    columns = lens.columns[c0 : c0 + whole_lanes(c1 - c0)]
    near, lit = work[0], work[1]
    for row in range(r0, r1):
        trace_row(kind, lens.rows[row], columns, placed, near, lit)
        first = row * lens.width + c0
        for i in range(c1 - c0):
            if near[i] < frame.depth[first + i]:
                frame.depth[first + i] = near[i]
                frame.geom[first + i] = geom
                frame.brightness[first + i] = lit[i]
                set_colour(frame.rgb, first + i, colour, lit[i])


@kernel
def in_sun(pixel: int, ground: int, lit: F, frame: Frames) -> bool:
    """Whether a pixel shows a face of a ground that nothing has yet hidden from the sun.

    Such a face has one brightness, `lit`, which tells it from the ground's other faces.
    """
    return bool((frame.geom[pixel] == ground) & (frame.brightness[pixel] == lit))


@kernel
def draw_shadow(
    kind: int,
    where: Window,
    placed: Singles,
    ground: int,
    lit: F,
    dark: F,
    colour: Singles,
    lens: Lens,
    work: Singles,
    frame: Frames,
) -> None:
    """Darken those sunny pixels of a ground from which this geom hides the sun."""
    r0, r1, c0, c1 = where
    near, depth = work[0], work[1]
    for row in range(r0, r1):
        first, last = row * lens.width + c0, row * lens.width + c1
        while first < last and not in_sun(first, ground, lit, frame):
            first += 1
        while first < last and not in_sun(last - 1, ground, lit, frame):
            last -= 1
        n = last - first
        if n == 0:
            continue
        for i in range(n):
            depth[i] = frame.depth[first + i]
        column = first - row * lens.width
        columns = lens.columns[column : column + whole_lanes(n)]
        shade_row(kind, lens.rows[row], columns, placed, depth, near)
        for i in range(n):
            if near[i] < MISS and in_sun(first + i, ground, lit, frame):
                frame.brightness[first + i] = dark
                set_colour(frame.rgb, first + i, colour, dark)
