"""Draw: shapes and shadows into one frame.

Every geom is first placed: the camera's rays are turned into its own frame, where a ray through
pixel (row, column) is o + t (f + row * d + column * r). A placement is a row of float32:

    o 0:3 | f 3:6 | d 6:9 | r 9:12 | sun 12:15 | up 15:18 | scaled sun 18:21 | size 21:24
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.render.bounds import Floats, pixel_range, screen_slopes
from vla_sim.physics.render.compiled import kernel
from vla_sim.physics.render.frame import Frames
from vla_sim.physics.render.shapes import ELLIPSOID, SPHERE, ZERO, F, hit, normal, shades
from vla_sim.physics.render.tables import Lens

Singles = NDArray[np.float32]
N_PLACEMENT = 24
HALF, WHITE = np.float32(0.5), np.float32(255.0)


@kernel
def place(
    kind: int,
    size: Floats,
    pos: Floats,
    mat: Floats,
    eye: Floats,
    axes: Floats,
    sun: Floats,
    placed: Singles,
) -> None:
    """Write the placement of one geom; spheres and ellipsoids are scaled to the unit sphere."""
    for j in range(3):
        scale = 1.0
        if kind == SPHERE:
            scale = 1.0 / size[0]
        elif kind == ELLIPSOID:
            scale = 1.0 / size[j]
        origin = forward = down = right = towards_sun = 0.0
        for i in range(3):
            m = mat[3 * i + j]
            origin += m * (eye[i] - pos[i])
            right += m * axes[i, 0]
            down += m * axes[i, 1]
            forward += m * axes[i, 2]
            towards_sun += m * sun[i]
        placed[j] = origin * scale
        placed[3 + j] = forward * scale
        placed[6 + j] = down * scale
        placed[9 + j] = right * scale
        placed[12 + j] = towards_sun
        placed[15 + j] = mat[6 + j]
        placed[18 + j] = towards_sun * scale
        placed[21 + j] = size[j]


@kernel
def brightness_of(nx: F, ny: F, nz: F, placed: Singles, weights: Singles, in_shadow: bool) -> F:
    """What the light does to a face with the local unit normal (nx, ny, nz)."""
    to_sun = nx * placed[12] + ny * placed[13] + nz * placed[14]
    to_sky = nx * placed[15] + ny * placed[16] + nz * placed[17]
    direct: F = weights[2] * max(to_sun, ZERO)
    if in_shadow:
        direct *= weights[3]
    glow: F = max(weights[0] + weights[1] * to_sky, ZERO)
    return glow + direct


@kernel
def set_colour(rgb: NDArray[np.uint8], pixel: int, colour: Singles, brightness: F) -> None:
    """Write a lit colour; all pictures pass through here."""
    scale = brightness * WHITE
    for channel in range(3):
        value = colour[channel] * scale + HALF
        rgb[pixel, channel] = np.uint8(min(max(value, ZERO), WHITE))


@kernel
def window(
    kind: int, solid: Floats, eye: Floats, lens: Lens, local: Floats
) -> tuple[int, int, int, int]:
    """Rows and columns (half-open) outside of which a solid cannot appear."""
    left, right, top, bottom = screen_slopes(kind, solid, eye, lens.axes, local)
    if left > right:
        return 0, 0, 0, 0
    r0, r1 = pixel_range(top, bottom, lens.rows[0], lens.step, len(lens.rows))
    c0, c1 = pixel_range(left, right, lens.columns[0], lens.step, len(lens.columns))
    return r0, r1, c0, c1


@kernel
def draw_shape(
    kind: int,
    geom: int,
    where: tuple[int, int, int, int],
    placed: Singles,
    colour: Singles,
    lens: Lens,
    weights: Singles,
    frame: Frames,
) -> None:
    """Draw one geom inside its window wherever nothing drawn before is nearer."""
    r0, r1, c0, c1 = where
    width = len(lens.columns)
    ox, oy, oz = placed[0], placed[1], placed[2]
    rx, ry, rz = placed[9], placed[10], placed[11]
    sx, sy, sz = placed[21], placed[22], placed[23]
    for row in range(r0, r1):
        slope = lens.rows[row]
        fx = placed[3] + slope * placed[6]
        fy = placed[4] + slope * placed[7]
        fz = placed[5] + slope * placed[8]
        for column in range(c0, c1):
            across = lens.columns[column]
            dx, dy, dz = fx + across * rx, fy + across * ry, fz + across * rz
            t = hit(kind, ox, oy, oz, dx, dy, dz, sx, sy, sz)
            pixel = row * width + column
            if t < frame.depth[pixel]:
                nx, ny, nz = normal(kind, ox + t * dx, oy + t * dy, oz + t * dz, sx, sy, sz)
                lit = brightness_of(nx, ny, nz, placed, weights, False)
                frame.depth[pixel] = t
                frame.geom[pixel] = geom
                frame.brightness[pixel] = lit
                set_colour(frame.rgb, pixel, colour, lit)


@kernel
def draw_shadow(
    kind: int,
    where: tuple[int, int, int, int],
    placed: Singles,
    ground: int,
    lit: F,
    dark: F,
    colour: Singles,
    lens: Lens,
    frame: Frames,
) -> None:
    """Darken those lit pixels of a ground from which this geom hides the sun.

    A ground's face has one brightness in the sun, `lit`; that tells it from the other faces.
    """
    r0, r1, c0, c1 = where
    width = len(lens.columns)
    sx, sy, sz = placed[21], placed[22], placed[23]
    lx, ly, lz = placed[18], placed[19], placed[20]
    for row in range(r0, r1):
        slope = lens.rows[row]
        fx = placed[3] + slope * placed[6]
        fy = placed[4] + slope * placed[7]
        fz = placed[5] + slope * placed[8]
        for column in range(c0, c1):
            pixel = row * width + column
            if frame.geom[pixel] == ground and frame.brightness[pixel] == lit:
                across, t = lens.columns[column], frame.depth[pixel]
                x = placed[0] + t * (fx + across * placed[9])
                y = placed[1] + t * (fy + across * placed[10])
                z = placed[2] + t * (fz + across * placed[11])
                if shades(kind, x, y, z, lx, ly, lz, sx, sy, sz):
                    frame.brightness[pixel] = dark
                    set_colour(frame.rgb, pixel, colour, dark)
