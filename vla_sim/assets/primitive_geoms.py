"""Meshes to primitives: what a robot of meshes looks like to the ray caster, and feels like."""

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DRAWN_GROUP = 0
_ROUND = 0.18
"""How much two sides may differ for what they span to be round,"""
_CLEARLY = 2.0
"""if no other two come as close to each other as this many times that."""
_LONG = 1.5
"""A round thing at least this much longer than wide is a capsule, a shorter one a cylinder."""


def use_primitives(spec: mujoco.MjSpec) -> None:
    """Replace every mesh of a robot by the box, cylinder or capsule around it.

    What touches is also what is drawn: a body with geoms that collide is drawn by those, in the
    mean colour of its meshes; another body by what covers its meshes. Masses and inertias stay as
    the meshes gave them, and materials become plain colours.

    Args:
        spec: A robot; changed in place.
    """
    model = spec.compile()
    _keep_inertias(spec, model)
    unseen = []
    for body in spec.bodies:
        touching = [g for g in body.geoms if _touches(g)]
        shown = [(_area(model, g.id), _rgba(spec, g)) for g in body.geoms if not _touches(g)]
        for geom in body.geoms:
            if touching and geom not in touching:
                unseen.append(geom)
                continue
            geom.rgba = _mean(shown) if touching and shown else _rgba(spec, geom)
            geom.material = ""
            geom.group = _DRAWN_GROUP
            if geom.type == mujoco.mjtGeom.mjGEOM_MESH:
                _fit(model, geom)
    # Deleting numbers what is left anew, so it comes last.
    for part in (*unseen, *spec.meshes, *spec.materials):
        spec.delete(part)


def _keep_inertias(spec: mujoco.MjSpec, model: mujoco.MjModel) -> None:
    for body in spec.bodies:
        mass = float(model.body_mass[body.id])
        if mass > 0.0:
            body.explicitinertial = True
            body.mass = mass
            body.ipos, body.iquat = model.body_ipos[body.id], model.body_iquat[body.id]
            body.inertia = model.body_inertia[body.id]
            body.fullinertia = np.full(6, np.nan)


def _touches(geom: mujoco.MjsGeom) -> bool:
    return bool(geom.contype or geom.conaffinity)


def _mean(shown: list[tuple[float, Floats]]) -> Floats:
    if not any(area for area, _ in shown):
        return shown[0][1]
    return np.average([rgba for _, rgba in shown], axis=0, weights=[area for area, _ in shown])


def _rgba(spec: mujoco.MjSpec, geom: mujoco.MjsGeom) -> Floats:
    material = spec.material(geom.material) if geom.material else None
    return np.array(geom.rgba if material is None else material.rgba, dtype=np.float64)


def _area(model: mujoco.MjModel, geom: int) -> float:
    """Surface of the mesh of a geom [m^2], 0 where it has none."""
    mesh = int(model.geom_dataid[geom])
    if mesh < 0:
        return 0.0
    first, count = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
    corners = model.mesh_vert[
        int(model.mesh_vertadr[mesh]) + model.mesh_face[first : first + count]
    ]
    sides = corners[:, 1:] - corners[:, :1]
    return float(0.5 * np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum())


def _fit(model: mujoco.MjModel, geom: mujoco.MjsGeom) -> None:
    """Make `geom` a primitive around its mesh, its z axis along what is round."""
    centre, half = model.geom_aabb[geom.id].reshape(2, 3)
    turn = np.empty(9)
    mujoco.mju_quat2Mat(turn, model.geom_quat[geom.id])
    frame = turn.reshape(3, 3)
    pos = model.geom_pos[geom.id] + frame @ centre
    across = [np.delete(half, axis) for axis in range(3)]
    unlike = np.array([1.0 - pair.min() / pair.max() for pair in across])
    axis, second = (int(k) for k in np.argsort(unlike)[:2])
    size = np.array(half)
    geom.type = mujoco.mjtGeom.mjGEOM_BOX
    if unlike[axis] < _ROUND and unlike[second] > _CLEARLY * unlike[axis]:
        radius, length = float(across[axis].max()), float(half[axis])
        frame = frame[:, [(axis + 1) % 3, (axis + 2) % 3, axis]]
        geom.type, size = mujoco.mjtGeom.mjGEOM_CYLINDER, np.array([radius, length, 0.0])
        if length > _LONG * radius:
            geom.type, size[1] = mujoco.mjtGeom.mjGEOM_CAPSULE, length - radius
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(frame).ravel())
    geom.meshname = ""
    geom.pos, geom.quat, geom.size = pos, quat, size
