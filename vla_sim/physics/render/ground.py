"""Ground: patterns on planes, and other colours of ground and sky, painted onto a finished picture.

The ray caster's grounds are plain. A pattern is laid on afterwards: depth says which point of the
world a pixel shows, segmentation whether that is ground. Light and shadows stay as they were drawn,
because a pattern only scales what is there.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics import camera as geometry
from vla_sim.records.camera import CameraSpec

PatternKind = Literal["plain", "checker", "stripes", "blotches"]
PATTERN_KINDS: tuple[PatternKind, ...] = get_args(PatternKind)

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class GroundPattern:
    """What lies on the ground, in factors on what was drawn there."""

    kind: PatternKind = "plain"
    cell_m: float = 1.0
    """Side of a square, width of a stripe, size of a blotch."""
    contrast: float = 0.0
    """The lightest parts are brighter by this share, the darkest darker."""
    direction: tuple[float, float] = (1.0, 0.0)
    """Unit vector along the pattern's own x axis."""
    offset_m: tuple[float, float] = (0.0, 0.0)
    key: int = 0
    """Which of all blotched grounds."""
    ground: Colour = (1.0, 1.0, 1.0)
    """Factors on the ground's red, green and blue."""
    sky: Colour = (1.0, 1.0, 1.0)
    """The same for the sky's."""


class GroundPainter:
    """Lays a pattern onto square pictures of one camera of one model."""

    def __init__(
        self, model: mujoco.MjModel, camera: CameraSpec, size: int, pattern: GroundPattern
    ) -> None:
        self._camera, self._pattern = camera, pattern
        self._rays = geometry.rays(camera, size, size)
        self._slope = 2.0 * geometry.half_extent(camera, 1.0)[1] / size
        """Of one pixel [m per m of depth]."""
        self._grounds = np.flatnonzero(model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE))

    def paint(
        self,
        rgb: NDArray[np.uint8],
        depth: NDArray[np.float32],
        segmentation: NDArray[np.int32],
        followed: Floats | None,
    ) -> NDArray[np.uint8]:
        """The picture (size, size, 3) with the pattern on its ground.

        Args:
            rgb: The picture as drawn.
            depth: Its depth [m], shape (size, size).
            segmentation: Its geom ids, -1 for the sky.
            followed: Position of what the camera follows [m], shape (3,).
        """
        pattern = self._pattern
        eye = geometry.pose(self._camera, 1, None if followed is None else followed[None])
        is_ground = np.isin(segmentation, self._grounds)
        rays, far = self._rays[is_ground], depth[is_ground].astype(np.float64)
        point = eye.position[0] + rays * far[:, None]  # (k, 3)
        # Where a pixel covers more than half a cell, the pattern fades: it would only flicker.
        footprint = far * self._slope / np.maximum(np.abs(rays[:, 2]), 1e-6)
        fade = np.minimum(pattern.cell_m / (2.0 * footprint + 1e-9), 1.0)
        gain = 1.0 + pattern.contrast * fade * _value(pattern, point[:, 0], point[:, 1])
        painted = rgb.copy()
        painted[is_ground] = _scaled(rgb[is_ground], gain[:, None] * np.asarray(pattern.ground))
        is_sky = segmentation < 0
        painted[is_sky] = _scaled(rgb[is_sky], np.asarray(pattern.sky)[None])
        return painted


def _scaled(rgb: NDArray[np.uint8], gain: Floats) -> NDArray[np.uint8]:
    """Bytes (k, 3) times factors, in whole 256ths."""
    factor = np.floor(gain * 256.0).astype(np.int64)
    scaled: NDArray[np.uint8] = np.minimum((rgb * factor + 128) >> 8, 255).astype(np.uint8)
    return scaled


def _value(pattern: GroundPattern, x: Floats, y: Floats) -> Floats:
    """The pattern at places (k,) [m], in [-1, 1]."""
    along, across = pattern.direction
    u = (along * x + across * y + pattern.offset_m[0]) / pattern.cell_m
    v = (along * y - across * x + pattern.offset_m[1]) / pattern.cell_m
    if pattern.kind == "plain":
        return np.zeros_like(u)
    if pattern.kind == "blotches":
        return _noise(u, v, pattern.key)
    column = np.floor(u).astype(np.int64)
    row = np.floor(v).astype(np.int64) if pattern.kind == "checker" else np.zeros_like(column)
    return 1.0 - 2.0 * ((column + row) & 1).astype(np.float64)


def _noise(u: Floats, v: Floats, key: int) -> Floats:
    """Smooth noise between random values on a unit lattice, in [-1, 1]."""
    column, row = np.floor(u), np.floor(v)
    i, j = column.astype(np.int64), row.astype(np.int64)
    a, b = u - column, v - row
    a, b = a * a * (3.0 - 2.0 * a), b * b * (3.0 - 2.0 * b)
    low = _lattice(i, j, key) * (1.0 - a) + _lattice(i + 1, j, key) * a
    high = _lattice(i, j + 1, key) * (1.0 - a) + _lattice(i + 1, j + 1, key) * a
    return low * (1.0 - b) + high * b


def _lattice(i: NDArray[np.int64], j: NDArray[np.int64], key: int) -> Floats:
    """A random number in [-1, 1) per lattice point: an integer hash, the same everywhere."""
    h = (i * 374761393 + j * 668265263 + key * 2246822519) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return (h ^ (h >> 16)) / 2147483648.0 - 1.0
