"""Backdrop: how a frame begins, with the sky or with what a fixed camera always sees."""

from vla_sim.physics.compiled import kernel
from vla_sim.physics.render.bounds import Floats
from vla_sim.physics.render.draw import lit_colour, set_pixel
from vla_sim.physics.render.frame import Backdrop, Frames
from vla_sim.physics.render.rows import Singles
from vla_sim.physics.render.shapes import ONE
from vla_sim.physics.render.tables import Lens, Shapes


@kernel
def holds(shapes: Shapes, pos: Floats, mat: Floats, rgba: Singles, backdrop: Backdrop) -> bool:
    """Whether all that is still stands, and is seen or hidden, as in the backdrop."""
    if not backdrop.valid:
        return False
    for g in range(len(shapes.kind)):
        if shapes.still[g]:
            same = (rgba[g, 3] > 0.0) == (backdrop.rgba[g, 3] > 0.0)
            for i in range(3):
                same &= pos[g, i] == backdrop.pos[g, i]
            for i in range(9):
                same &= mat[g, i] == backdrop.mat[g, i]
            if not same:
                return False
    return True


@kernel
def is_recoloured(shapes: Shapes, rgba: Singles, backdrop: Backdrop) -> bool:
    """Whether anything that is still has another colour than in the backdrop."""
    found = False
    for g in range(len(shapes.kind)):
        if shapes.still[g]:
            for i in range(3):
                found |= rgba[g, i] != backdrop.rgba[g, i]
    return found


@kernel
def use_backdrop(
    shapes: Shapes,
    pos: Floats,
    mat: Floats,
    rgba: Singles,
    backdrop: Backdrop,
    frame: Frames,
) -> bool:
    """Begin the frame with the backdrop; False if it does not hold for this state.

    Other colours than the backdrop's are no obstacle: its brightness is known pixel by pixel.
    """
    if not holds(shapes, pos, mat, rgba, backdrop):
        return False
    for pixel in range(len(frame.depth)):
        frame.depth[pixel] = backdrop.depth[pixel]
        frame.geom[pixel] = backdrop.geom[pixel]
        frame.brightness[pixel] = backdrop.brightness[pixel]
    for pixel in range(len(frame.rgb)):
        for channel in range(3):
            frame.rgb[pixel, channel] = backdrop.rgb[pixel, channel]
    if is_recoloured(shapes, rgba, backdrop):
        for pixel in range(len(frame.rgb)):
            geom_id = frame.geom[pixel]
            if geom_id >= 0:
                set_pixel(frame.rgb, pixel, lit_colour(rgba[geom_id], frame.brightness[pixel]))
    return True


@kernel
def draw_sky(lens: Lens, frame: Frames) -> None:
    """Begin the frame with what is seen where nothing is."""
    for pixel in range(len(frame.rgb)):
        for channel in range(3):
            frame.rgb[pixel, channel] = lens.sky[pixel, channel]
        frame.depth[pixel] = lens.far
        frame.geom[pixel] = -1
        frame.brightness[pixel] = ONE
