"""Frame: what the kernels draw into and what a fixed camera keeps of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.render.rows import LANES, N_PLACEMENT


class Frames(NamedTuple):
    """Pixels of m frames of p = h * w pixels each.

    `depth`, `geom` and `brightness` may have one row only, if nobody wants to keep them.

    Attributes:
        rgb: uint8 (m, p, 3).
        depth: float32 (m, p) [m].
        geom: int32 (m, p), geom ids, -1 for the sky.
        brightness: float32 (m, p), what the light does to the geom's colour.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    geom: NDArray[np.int32]
    brightness: NDArray[np.float32]


class Backdrop(NamedTuple):
    """The still part of a picture, and the state for which it holds.

    Attributes:
        rgb, depth, geom, brightness: One frame, as in `Frames` without the leading axis.
        pos, mat, rgba: The geoms' poses and colours under which it was drawn.
        valid: False while there is none.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    geom: NDArray[np.int32]
    brightness: NDArray[np.float32]
    pos: NDArray[np.float64]
    mat: NDArray[np.float64]
    rgba: NDArray[np.float32]
    valid: bool


class Scratch(NamedTuple):
    """What one range of simulations works in.

    Attributes:
        placed: float32 (ngeom, N_PLACEMENT), placements.
        caster: int64 (ngeom, 5), kinds and windows of what casts shadows.
        solid: float64 (4, 5, 3): solid, shadow, either in the camera's frame, ground.
        work: float32 (2, w + LANES), two rows of pixels.
    """

    placed: NDArray[np.float32]
    caster: NDArray[np.int64]
    solid: NDArray[np.float64]
    work: NDArray[np.float32]


def empty_frames(n: int, n_pixels: int, *, n_depth: int, n_geom: int) -> Frames:
    """Frames to draw into; `n_depth` and `n_geom` are n to keep that channel and 1 otherwise."""
    return Frames(
        rgb=np.empty((n, n_pixels, 3), dtype=np.uint8),
        depth=np.empty((n_depth, n_pixels), dtype=np.float32),
        geom=np.empty((n_geom, n_pixels), dtype=np.int32),
        brightness=np.empty((1, n_pixels), dtype=np.float32),
    )


def empty_scratch(n_geom: int, width: int) -> Scratch:
    """Scratch for models with so many geoms and pictures of this width."""
    return Scratch(
        placed=np.zeros((n_geom, N_PLACEMENT), dtype=np.float32),
        caster=np.zeros((n_geom, 5), dtype=np.int64),
        solid=np.zeros((4, 5, 3)),
        work=np.zeros((2, width + LANES), dtype=np.float32),
    )
