"""Camera geometry: where a CameraSpec stands, what it sees, and along which rays.

The camera frame is MuJoCo's: x right, y up, and the camera looks along -z. A camera that follows a
body never turns, so one rotation holds for all simulations and all times.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.records.camera import CameraSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CameraPose:
    """Where n equal cameras stand.

    Attributes:
        position: (n, 3) in the world [m].
        rotation: (3, 3), columns right, up and backward in the world; the same for all.
    """

    position: Floats
    rotation: Floats


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Where points lie in the picture.

    Attributes:
        uv: (n, k, 2), u to the right and v down, both in [0, 1] inside the picture; NaN for points
            that do not lie in front of the camera.
        in_front: bool (n, k), on the camera's side of its image plane.
        in_view: bool (n, k), inside the picture; another thing may still hide the point.
    """

    uv: Floats
    in_front: NDArray[np.bool_]
    in_view: NDArray[np.bool_]


def check_camera(spec: CameraSpec) -> None:
    """Refuse a camera that cannot look.

    Raises:
        BadConfig: If the camera looks at its own position, its field of view is out of range, it
            follows along unknown axes, or it names only one of a body and its axes.
    """
    name = f"camera {spec.name!r}"
    if not 0.0 < spec.fov_y_deg < 180.0:
        raise BadConfig(f"{name}: fov_y_deg is {spec.fov_y_deg}; it must lie between 0 and 180")
    if not np.isfinite([*spec.position, *spec.target]).all():
        raise BadConfig(f"{name}: position and target must be finite")
    if np.allclose(spec.position, spec.target, rtol=0.0, atol=1e-9):
        raise BadConfig(f"{name}: position and target are the same point")
    if not set(spec.follow_axes) <= set("xyz"):
        raise BadConfig(f"{name}: follow_axes is {spec.follow_axes!r}; use letters of 'xyz'")
    if bool(spec.follow_body) != bool(spec.follow_axes):
        raise BadConfig(f"{name}: give both follow_body and follow_axes, or neither")


@lru_cache(maxsize=4096)  # along the axis `camera` each episode has one of its own
def rotation(spec: CameraSpec) -> Floats:
    """Columns right, up and backward of the camera in the world, shape (3, 3), read-only.

    World z is up in the picture; for a camera that looks straight up or down, world x is.
    """
    backward = np.subtract(spec.position, spec.target).astype(np.float64)
    backward /= np.linalg.norm(backward)
    upright = np.array([0.0, 0.0, 1.0])
    if np.hypot(backward[0], backward[1]) < 1e-6:
        upright = np.array([1.0, 0.0, 0.0])
    right = np.cross(upright, backward)
    right /= np.linalg.norm(right)
    columns = np.stack([right, np.cross(backward, right), backward], axis=1)
    columns.flags.writeable = False  # every call shares it
    return columns


def follow_mask(spec: CameraSpec) -> Floats:
    """1 for each world axis that the camera follows, 0 for the others, shape (3,)."""
    return np.array([axis in spec.follow_axes for axis in "xyz"], dtype=np.float64)


def pose(spec: CameraSpec, n: int, followed: Floats | None = None) -> CameraPose:
    """Where the camera stands in n simulations.

    Along the axes that it follows, the spec's position and target count from the body; along the
    others, from the world's origin.

    Args:
        spec: The camera.
        n: Number of simulations.
        followed: Position of the followed body [m], shape (n, 3); ignored by a fixed camera.

    Raises:
        BadConfig: If a following camera is not told where its body is, or for the wrong n.
    """
    position = np.broadcast_to(np.asarray(spec.position, dtype=np.float64), (n, 3))
    if spec.follow_axes:
        if followed is None:
            raise BadConfig(f"camera {spec.name!r} follows {spec.follow_body!r}: say where it is")
        if followed.shape != (n, 3):
            raise BadConfig(f"camera {spec.name!r}: followed is {followed.shape}, not ({n}, 3)")
        position = position + follow_mask(spec) * followed
    # A copy of one's own, always: a kernel is compiled anew for an array that is read-only.
    return CameraPose(position=np.array(position, order="C"), rotation=rotation(spec))


def half_extent(spec: CameraSpec, aspect: float) -> tuple[float, float]:
    """Half width and half height of the picture at distance 1, without unit.

    Args:
        spec: The camera.
        aspect: Width of the picture over its height.
    """
    half_height = float(np.tan(np.deg2rad(spec.fov_y_deg) / 2.0))
    return half_height * aspect, half_height


def intrinsics(spec: CameraSpec, height: int, width: int) -> Floats:
    """Focal lengths and principal point [px], shape (3, 3), as OpenCV has them.

    A pixel's own coordinates are those of its centre: the middle of the picture lies at
    ((width - 1) / 2, (height - 1) / 2).
    """
    half_width, half_height = half_extent(spec, width / height)
    focal = 0.5 * width / half_width, 0.5 * height / half_height
    return np.array(
        [[focal[0], 0.0, 0.5 * (width - 1)], [0.0, focal[1], 0.5 * (height - 1)], [0.0, 0.0, 1.0]]
    )


def camera_to_world(spec: CameraSpec, n: int, followed: Floats | None = None) -> Floats:
    """Where the cameras of n simulations stand, shape (n, 4, 4), in OpenCV's camera frame.

    That frame has x to the right, y down and z forward.

    Args:
        spec: The camera.
        n: Number of simulations.
        followed: Position of the followed body [m], shape (n, 3); ignored by a fixed camera.
    """
    stands = pose(spec, n, followed)
    matrix = np.zeros((n, 4, 4))
    matrix[:, :3, :3] = stands.rotation * np.array([1.0, -1.0, -1.0])  # from right, up, backward
    matrix[:, :3, 3] = stands.position
    matrix[:, 3, 3] = 1.0
    return matrix


def project(
    spec: CameraSpec, points: Floats, followed: Floats | None = None, aspect: float = 1.0
) -> Projection:
    """Where points of the world appear in the picture.

    Args:
        spec: The camera.
        points: World positions [m], shape (n, k, 3).
        followed: Position of the followed body [m], shape (n, 3); ignored by a fixed camera.
        aspect: Width of the picture over its height.
    """
    seen = pose(spec, len(points), followed)
    local = (points - seen.position[:, None, :]) @ seen.rotation  # (n, k, 3)
    distance = -local[..., 2]
    in_front = distance > 0.0
    half_width, half_height = half_extent(spec, aspect)
    divisor = np.where(in_front, distance, np.nan)
    u = 0.5 + 0.5 * local[..., 0] / (divisor * half_width)
    v = 0.5 - 0.5 * local[..., 1] / (divisor * half_height)
    uv = np.stack([u, v], axis=-1)
    in_view = in_front & ((uv >= 0.0) & (uv < 1.0)).all(axis=-1)
    return Projection(uv=uv, in_front=in_front, in_view=in_view)


def rays(spec: CameraSpec, height: int, width: int) -> Floats:
    """Direction in the world of the ray through each pixel's centre, shape (h, w, 3).

    Directions are not unit vectors: their component along the line of sight is 1, so that the ray
    parameter of a hit is its planar depth [m].
    """
    half_width, half_height = half_extent(spec, width / height)
    x = (2.0 * (np.arange(width) + 0.5) / width - 1.0) * half_width
    y = (1.0 - 2.0 * (np.arange(height) + 0.5) / height) * half_height
    local = np.empty((height, width, 3))
    local[..., 0] = x[None, :]
    local[..., 1] = y[:, None]
    local[..., 2] = -1.0
    return np.asarray(local @ rotation(spec).T)
