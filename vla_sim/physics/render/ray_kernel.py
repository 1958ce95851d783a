"""The ray caster's one entry from Python: frames of some simulations, one after the other.

The order of drawing is fixed, and each simulation has its own pixels, so that a picture's bits
depend on its own state only:

1. the sky; 2. geoms of the backdrop, then their shadows; 3. all other geoms, then their shadows.

Steps 1 and 2 are what a `Backdrop` keeps.
"""

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np

from vla_sim.physics.render.bounds import Floats, fill_shadow, fill_solid, reach
from vla_sim.physics.render.compiled import entry, kernel
from vla_sim.physics.render.draw import (
    N_PLACEMENT,
    Singles,
    brightness_of,
    draw_shadow,
    draw_shape,
    place,
    set_colour,
    window,
)
from vla_sim.physics.render.frame import Backdrop, Frames
from vla_sim.physics.render.light import Sun
from vla_sim.physics.render.shapes import HIDDEN, PLANE
from vla_sim.physics.render.tables import Grounds, Lens, Shapes

SOURCES = crc32(b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py"))))


@kernel
def use_backdrop(
    shapes: Shapes, pos: Floats, mat: Floats, colours: Singles, backdrop: Backdrop, frame: Frames
) -> bool:
    """Copy the backdrop into the frame; False if it does not hold for this state.

    Other colours than the backdrop's are no obstacle: its brightness is known pixel by pixel.
    """
    if not backdrop.valid:
        return False
    recoloured = False
    for g in range(len(shapes.kind)):
        if shapes.still[g]:
            for i in range(3):
                if pos[g, i] != backdrop.pos[g, i]:
                    return False
            for i in range(9):
                if mat[g, i] != backdrop.mat[g, i]:
                    return False
            if (colours[g, 3] > 0.0) != (backdrop.rgba[g, 3] > 0.0):
                return False
            for i in range(3):
                recoloured |= colours[g, i] != backdrop.rgba[g, i]
    for pixel in range(len(frame.depth)):
        frame.depth[pixel] = backdrop.depth[pixel]
        frame.geom[pixel] = backdrop.geom[pixel]
        frame.brightness[pixel] = backdrop.brightness[pixel]
    for pixel in range(len(frame.depth)):
        for channel in range(3):
            frame.rgb[pixel, channel] = backdrop.rgb[pixel, channel]
    if recoloured:
        for pixel in range(len(frame.depth)):
            if frame.geom[pixel] >= 0:
                set_colour(frame.rgb, pixel, colours[frame.geom[pixel]], frame.brightness[pixel])
    return True


@kernel
def draw_layer(
    still: bool,
    shapes: Shapes,
    pos: Floats,
    mat: Floats,
    colours: Singles,
    eye: Floats,
    lens: Lens,
    grounds: Grounds,
    sun: Sun,
    placed: Singles,
    solid: Floats,
    frame: Frames,
) -> None:
    """Draw the geoms of the backdrop (`still`) or all others, then the shadows that they cast."""
    for g in range(len(shapes.kind)):
        kind = shapes.kind[g]
        if kind == HIDDEN or shapes.still[g] != still or colours[g, 3] <= 0.0:
            continue
        place(kind, shapes.size[g], pos[g], mat[g], eye, lens.axes, sun.direction, placed[g])
        where = (0, len(lens.rows), 0, len(lens.columns))
        if kind != PLANE:
            fill_solid(kind, shapes.size[g], pos[g], mat[g], solid[0])
            where = window(kind, solid[0], eye, lens, solid[2])
        draw_shape(kind, g, where, placed[g], colours[g], lens, sun.weights, frame)
    for k in range(len(grounds.geom)):
        ground = grounds.geom[k]
        if colours[ground, 3] <= 0.0:
            continue
        place(
            shapes.kind[ground],
            shapes.size[ground],
            pos[ground],
            mat[ground],
            eye,
            lens.axes,
            sun.direction,
            placed[ground],
        )
        face, point, normal = grounds.normal[k], solid[3, 0], solid[3, 1]
        for i in range(3):
            m = mat[ground]
            normal[i] = m[3 * i] * face[0] + m[3 * i + 1] * face[1] + m[3 * i + 2] * face[2]
            point[i] = pos[ground, i] + grounds.offset[k] * normal[i]
        nx, ny, nz = np.float32(face[0]), np.float32(face[1]), np.float32(face[2])
        lit = brightness_of(nx, ny, nz, placed[ground], sun.weights, False)
        dark = brightness_of(nx, ny, nz, placed[ground], sun.weights, True)
        if lit == dark:
            continue
        for g in range(len(shapes.kind)):
            kind = shapes.kind[g]
            if kind in (HIDDEN, PLANE) or shapes.still[g] != still or g == ground:
                continue
            if colours[g, 3] <= 0.0:
                continue
            fill_solid(kind, shapes.size[g], pos[g], mat[g], solid[0])
            height = 0.0
            for i in range(3):
                height += normal[i] * (pos[g, i] - point[i])
            if height + reach(solid[0], normal) <= 0.0:
                continue
            fill_shadow(solid[0], point, normal, sun.direction, solid[1])
            where = window(kind, solid[1], eye, lens, solid[2])
            draw_shadow(kind, where, placed[g], ground, lit, dark, colours[ground], lens, frame)


def _compile(sources: int) -> Callable[..., int]:
    """Compile the entry.

    Numba's cache on disk looks at the entry's own file only. `sources`, a checksum over all files
    of this room, is a free variable of the entry and so becomes part of the cache's key.
    """

    @entry
    def render_range(
        first: int,
        last: int,
        pos: Floats,
        mat: Floats,
        rgba: Singles,
        eye: Floats,
        lens: Lens,
        shapes: Shapes,
        grounds: Grounds,
        sun: Sun,
        backdrop: Backdrop,
        frames: Frames,
    ) -> int:
        """Draw simulations first to last - 1 into their rows of `frames`."""
        n_geom = len(shapes.kind)
        placed = np.zeros((n_geom, N_PLACEMENT), dtype=np.float32)
        solid = np.zeros((4, 5, 3))
        for n in range(first, last):
            frame = Frames(
                frames.rgb[n],
                frames.depth[n if len(frames.depth) > 1 else 0],
                frames.geom[n if len(frames.geom) > 1 else 0],
                frames.brightness[n if len(frames.brightness) > 1 else 0],
            )
            if not use_backdrop(shapes, pos[n], mat[n], rgba[n], backdrop, frame):
                frame.rgb[:] = lens.sky
                frame.depth[:] = lens.far
                frame.geom[:] = -1
                frame.brightness[:] = 1.0
                draw_layer(
                    True,
                    shapes,
                    pos[n],
                    mat[n],
                    rgba[n],
                    eye[n],
                    lens,
                    grounds,
                    sun,
                    placed,
                    solid,
                    frame,
                )
            draw_layer(
                False,
                shapes,
                pos[n],
                mat[n],
                rgba[n],
                eye[n],
                lens,
                grounds,
                sun,
                placed,
                solid,
                frame,
            )
        return sources

    return render_range


render_range = _compile(SOURCES)
