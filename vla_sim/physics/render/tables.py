"""Tables: what the kernels know about a model, a camera and the light, as plain arrays."""

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import RenderBackendError
from vla_sim.physics import camera as geometry
from vla_sim.physics.render.light import Light, Sun
from vla_sim.physics.render.rows import LANES
from vla_sim.physics.render.shapes import BOX, CAPSULE, CYLINDER, ELLIPSOID, HIDDEN, PLANE, SPHERE
from vla_sim.records.camera import CameraSpec

KINDS = {
    int(mujoco.mjtGeom.mjGEOM_PLANE): PLANE,
    int(mujoco.mjtGeom.mjGEOM_SPHERE): SPHERE,
    int(mujoco.mjtGeom.mjGEOM_CAPSULE): CAPSULE,
    int(mujoco.mjtGeom.mjGEOM_ELLIPSOID): ELLIPSOID,
    int(mujoco.mjtGeom.mjGEOM_CYLINDER): CYLINDER,
    int(mujoco.mjtGeom.mjGEOM_BOX): BOX,
}
N_VISIBLE_GROUPS = 3
"""MuJoCo draws geom groups 0 to 2 unless told otherwise."""
GROUND_HALF_SIZE_M = 0.1
"""A box that never moves catches shadows on its upper face if that is at least this large."""
ZENITH_RGB = (0.55, 0.68, 0.82)
HORIZON_RGB = (0.86, 0.89, 0.92)


class Shapes(NamedTuple):
    """The model's geoms.

    Attributes:
        kind: int32 (ngeom,), HIDDEN for collision geoms.
        size: float64 (ngeom, 3) [m], MuJoCo's meaning per type.
        radius: float64 (ngeom,), of a ball around the geom [m]; 0 for planes.
        still: bool (ngeom,), part of the backdrop.
    """

    kind: NDArray[np.int32]
    size: NDArray[np.float64]
    radius: NDArray[np.float64]
    still: NDArray[np.bool_]


class Grounds(NamedTuple):
    """Flat faces that catch shadows.

    Attributes:
        geom: int32 (k,).
        normal: float64 (k, 3), the face's normal in the geom's frame.
        offset: float64 (k,), distance of the face from the geom's centre [m].
    """

    geom: NDArray[np.int32]
    normal: NDArray[np.float64]
    offset: NDArray[np.float64]


class Lens(NamedTuple):
    """The camera's rays; all frames share them because no camera turns.

    Attributes:
        axes: float64 (3, 3), columns right, down and forward in the world.
        width: w.
        columns: float32 (w + LANES,), rightward slope of each column of pixels and some beyond.
        rows: float32 (h,), downward slope of each row of pixels.
        half_width, half_height: Slopes of the picture's edges.
        secant_width, secant_height: sqrt(1 + slope^2) of the picture's edges.
        per_step: Pixels per unit of slope.
        sky: uint8 (h * w, 3), what a ray that hits nothing sees.
        far: Depth beyond which nothing is drawn [m].
    """

    axes: NDArray[np.float64]
    width: int
    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    half_width: float
    half_height: float
    secant_width: float
    secant_height: float
    per_step: float
    sky: NDArray[np.uint8]
    far: np.float32


class Scene(NamedTuple):
    """All that does not change from frame to frame."""

    shapes: Shapes
    grounds: Grounds
    lens: Lens
    sun: Sun


def scene_of(
    model: mujoco.MjModel, spec: CameraSpec, height: int, width: int, light: Light
) -> Scene:
    """The tables of one camera's pictures of one model.

    Raises:
        RenderBackendError: If the model shows a geom that is no primitive.
    """
    shapes, sun = shapes_of(model, spec), light.build()
    grounds = grounds_of(model, shapes, sun.direction)
    lens = lens_of(model, spec, height, width, light.colour)
    return Scene(shapes=shapes, grounds=grounds, lens=lens, sun=sun)


def drawn(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Which geoms are drawn at all, bool (ngeom,)."""
    return np.asarray(model.geom_group < N_VISIBLE_GROUPS)


def never_moves(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Which geoms are fixed to the world: no joint and no mocap body above them, bool (ngeom,)."""
    body = model.geom_bodyid
    welded = model.body_weldid[body] == 0
    return np.asarray(welded & (model.body_mocapid[model.body_rootid[body]] < 0))


def shapes_of(model: mujoco.MjModel, spec: CameraSpec) -> Shapes:
    """The geoms, and which of them this camera always sees at the same pixels.

    A fixed camera so sees all that never moves; a following one, endless planes along its way.

    Raises:
        RenderBackendError: If the model shows a geom that is no primitive.
    """
    kind = np.full(model.ngeom, HIDDEN, dtype=np.int32)
    for g in np.flatnonzero(drawn(model)):
        mujoco_type = int(model.geom_type[g])
        if mujoco_type not in KINDS:
            name = mujoco.mj_id2name(model, int(mujoco.mjtObj.mjOBJ_GEOM), int(g)) or f"#{g}"
            label = mujoco.mjtGeom(mujoco_type).name.removeprefix("mjGEOM_").lower()
            raise RenderBackendError(
                f"geom {name!r} is of type {label}, and the ray caster draws only planes and "
                "primitives; `--crank.renderer gl` (mujoco.Renderer) can draw it, or put it in "
                "group 3 to hide it"
            )
        kind[g] = KINDS[mujoco_type]
    still = never_moves(model) & (kind != HIDDEN)
    if spec.follow_axes:
        rotation = _world_rotation(model)
        across = (rotation[:, :, 2] * geometry.follow_mask(spec) == 0.0).all(axis=1)
        endless = (kind == PLANE) & (model.geom_size[:, :2] <= 0.0).all(axis=1)
        still &= endless & across
    size = np.ascontiguousarray(model.geom_size, dtype=np.float64)
    radius = np.array(model.geom_rbound, dtype=np.float64)
    return Shapes(kind=kind, size=size, radius=radius, still=still)


def grounds_of(model: mujoco.MjModel, shapes: Shapes, sun: NDArray[np.float64]) -> Grounds:
    """Planes, and the upper faces of boxes that never move and are large enough to matter."""
    rotation = _world_rotation(model)
    geom: list[int] = []
    normal: list[NDArray[np.float64]] = []
    offset: list[float] = []
    for g in np.flatnonzero(never_moves(model)):
        face = np.array([0.0, 0.0, 1.0])
        if shapes.kind[g] == BOX:
            towards_sun = rotation[g].T @ sun
            axis = int(np.argmax(np.abs(rotation[g][2])))
            if np.delete(shapes.size[g], axis).min() < GROUND_HALF_SIZE_M:
                continue
            face = np.zeros(3)
            face[axis] = np.sign(towards_sun[axis])
            offset.append(float(shapes.size[g, axis]))
        elif shapes.kind[g] == PLANE:
            offset.append(0.0)
        else:
            continue
        geom.append(int(g))
        normal.append(face)
    return Grounds(
        geom=np.array(geom, dtype=np.int32),
        normal=np.array(normal, dtype=np.float64).reshape(-1, 3),
        offset=np.array(offset, dtype=np.float64),
    )


def lens_of(
    model: mujoco.MjModel,
    spec: CameraSpec,
    height: int,
    width: int,
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Lens:
    """Rays, sky in light of this colour, and far plane for one picture size."""
    right, up, backward = geometry.rotation(spec).T
    half_width, half_height = geometry.half_extent(spec, width / height)
    direction = geometry.rays(spec, height, width)
    climb = direction[..., 2] / np.linalg.norm(direction, axis=-1)
    mix = np.clip(climb, 0.0, 1.0)[..., None] ** 0.5
    columns = 2.0 * (np.arange(width + LANES) + 0.5) / width - 1.0
    sky = np.asarray(HORIZON_RGB) * (1.0 - mix) + np.asarray(ZENITH_RGB) * mix
    return Lens(
        axes=np.ascontiguousarray(np.stack([right, -up, -backward], axis=1)),
        width=width,
        columns=(columns * half_width).astype(np.float32),
        rows=((2.0 * (np.arange(height) + 0.5) / height - 1.0) * half_height).astype(np.float32),
        half_width=half_width,
        half_height=half_height,
        secant_width=float(np.hypot(1.0, half_width)),
        secant_height=float(np.hypot(1.0, half_height)),
        per_step=height / (2.0 * half_height),
        sky=np.rint(np.minimum(sky * np.asarray(colour), 1.0) * 255.0)
        .astype(np.uint8)
        .reshape(-1, 3),
        far=np.float32(model.vis.map.zfar * model.stat.extent),
    )


def _world_rotation(model: mujoco.MjModel) -> NDArray[np.float64]:
    """(ngeom, 3, 3) at the model's default pose."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return np.array(data.geom_xmat).reshape(-1, 3, 3)
