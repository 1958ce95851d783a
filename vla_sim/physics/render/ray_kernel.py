"""The ray caster's one entry from Python: frames of some simulations, one after the other.

The order of drawing is fixed, and each simulation has its own pixels, so that a picture's bits
depend on its own state only:

1. the sky; 2. geoms of the backdrop, then their shadows; 3. all other geoms, then their shadows.

Steps 1 and 2 are what a `Backdrop` keeps.
"""

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from vla_sim.physics import compiled
from vla_sim.physics.compiled import entry, kernel
from vla_sim.physics.render.backdrop import draw_sky, use_backdrop
from vla_sim.physics.render.bounds import Floats, fill_solid
from vla_sim.physics.render.draw import draw_shape, place, window
from vla_sim.physics.render.frame import Backdrop, Frames, Scratch
from vla_sim.physics.render.rows import Singles
from vla_sim.physics.render.shadows import draw_shadows
from vla_sim.physics.render.shapes import HIDDEN, PLANE
from vla_sim.physics.render.tables import Lens, Scene

SOURCES = crc32(
    b"".join(
        path.read_bytes()
        for path in (Path(compiled.__file__), *sorted(Path(__file__).parent.glob("*.py")))
    )
)


@kernel
def out_of_sight(pos: Floats, radius: float, eye: Floats, lens: Lens) -> bool:
    """Whether a ball around a geom lies wholly outside of what the camera sees."""
    x = y = z = 0.0
    for i in range(3):
        d = pos[i] - eye[i]
        x += lens.axes[i, 0] * d
        y += lens.axes[i, 1] * d
        z += lens.axes[i, 2] * d
    return (
        z + radius <= 0.0
        or abs(x) - z * lens.half_width > radius * lens.secant_width
        or abs(y) - z * lens.half_height > radius * lens.secant_height
    )


@kernel
def draw_geoms(
    still: bool,
    scene: Scene,
    pos: Floats,
    mat: Floats,
    rgba: Singles,
    eye: Floats,
    scratch: Scratch,
    frame: Frames,
) -> None:
    """Draw the geoms of the backdrop (`still`) or all others."""
    shapes, lens = scene.shapes, scene.lens
    everywhere = (0, len(lens.rows), 0, lens.width)
    for g in range(len(shapes.kind)):
        kind = shapes.kind[g]
        if kind == HIDDEN or shapes.still[g] != still or rgba[g, 3] <= 0.0:
            continue
        where = everywhere
        if kind != PLANE:
            if out_of_sight(pos[g], shapes.radius[g], eye, lens):
                continue
            fill_solid(kind, shapes.size[g], pos[g], mat[g], scratch.solid[0])
            where = window(kind, scratch.solid[0], eye, lens, scratch.solid[2])
        placed = scratch.placed[g]
        place(kind, shapes.size[g], pos[g], mat[g], eye, lens.axes, scene.sun, placed)
        draw_shape(kind, g, where, placed, rgba[g], lens, scratch.work, frame)


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
        scene: Scene,
        backdrop: Backdrop,
        scratch: Scratch,
        frames: Frames,
    ) -> int:
        """Draw simulations first to last - 1 into their rows of `frames`."""
        for n in range(first, last):
            frame = Frames(
                frames.rgb[n],
                frames.depth[n if len(frames.depth) > 1 else 0],
                frames.geom[n if len(frames.geom) > 1 else 0],
                frames.brightness[n if len(frames.brightness) > 1 else 0],
            )
            p, m, c, e = pos[n], mat[n], rgba[n], eye[n]
            kept = use_backdrop(scene.shapes, p, m, c, backdrop, frame)
            if not kept:
                draw_sky(scene.lens, frame)
            for layer in range(1 if kept else 0, 2):
                still = layer == 0
                draw_geoms(still, scene, p, m, c, e, scratch, frame)
                draw_shadows(still, scene, p, m, c, e, scratch, frame)
        return sources

    return render_range


render_range = _compile(SOURCES)


def cache_folder() -> Path | None:
    """Where numba keeps the entry's machine code; None if it found no folder to write to."""
    path = render_range.stats.cache_path  # type: ignore[attr-defined]
    return None if path is None else Path(path)
