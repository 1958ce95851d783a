"""Draw: one shape into one frame."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import kernel
from vla_sim.physics.render.bounds import Floats, pixel_range, screen_slopes
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
    trace_row,
)
from vla_sim.physics.render.shapes import ELLIPSOID, PLANE, SPHERE, ZERO, F
from vla_sim.physics.render.tables import Lens

Window = tuple[int, int, int, int]
"""First row, end of rows, first column, end of columns."""
Rgb = tuple[np.uint8, np.uint8, np.uint8]
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
def lit_colour(colour: Singles, brightness: F) -> Rgb:
    """The bytes of a colour in this light; every pixel but the sky's gets them from here."""
    scale = brightness * WHITE
    r, g, b = colour[0] * scale + HALF, colour[1] * scale + HALF, colour[2] * scale + HALF
    r, g, b = r if r < WHITE else WHITE, g if g < WHITE else WHITE, b if b < WHITE else WHITE
    r, g, b = r if r > ZERO else ZERO, g if g > ZERO else ZERO, b if b > ZERO else ZERO
    return np.uint8(r), np.uint8(g), np.uint8(b)


@kernel
def set_pixel(rgb: NDArray[np.uint8], pixel: int, value: Rgb) -> None:
    """Write three bytes."""
    rgb[pixel, 0], rgb[pixel, 1], rgb[pixel, 2] = value


@kernel
def window(kind: int, solid: Floats, eye: Floats, lens: Lens, local: Floats) -> Window:
    """The pixels outside of which a solid cannot appear."""
    left, right, top, bottom = screen_slopes(kind, solid, eye, lens.axes, local)
    if left > right:
        return 0, 0, 0, 0
    r0, r1 = pixel_range(top, bottom, lens.rows[0], lens.per_step, len(lens.rows))
    c0, c1 = pixel_range(left, right, lens.columns[0], lens.per_step, lens.width)
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
    n = c1 - c0
    columns = lens.columns[c0 : c0 + whole_lanes(n)]
    near, lit = work[0], work[1]
    last, value = lit[0], lit_colour(colour, lit[0])
    for row in range(r0, r1):
        trace_row(kind, lens.rows[row], columns, placed, near, lit)
        first = row * lens.width + c0
        depth, ids = frame.depth[first : first + n], frame.geom[first : first + n]
        brightness, rgb = frame.brightness[first : first + n], frame.rgb[first : first + n]
        n_nearer = 0
        for i in range(n):
            n_nearer += near[i] < depth[i]
        if n_nearer == 0:
            continue
        for i in range(n):
            if near[i] < depth[i]:
                if lit[i] != last:  # a flat face has one colour
                    last, value = lit[i], lit_colour(colour, lit[i])
                set_pixel(rgb, i, value)
        for i in range(n):
            nearer = near[i] < depth[i]
            ids[i] = geom if nearer else ids[i]
            brightness[i] = lit[i] if nearer else brightness[i]
        for i in range(n):
            depth[i] = near[i] if near[i] < depth[i] else depth[i]
