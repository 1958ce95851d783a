"""Blueprint: a compiled model as Bullet's multibodies, before any of them is built.

Every quaternion is MuJoCo's (w, x, y, z).
"""

from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.bullet.inertia import Inertia, with_rotor

Floats = NDArray[np.float64]

_HERE, _STRAIGHT = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
LIGHT = Inertia(
    mass=1e-6, pos=np.zeros(3), quat=np.array([1.0, 0, 0, 0]), diagonal=np.ones(3) * 1e-9
)
"""Of links that are there for a joint or a shape only: nothing, as far as Bullet can bear it."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One geom that may touch, in the frame of its link: id, place [m] (3,) and quaternion (4,)."""

    geom: int
    pos: Floats
    quat: Floats


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link.

    Attributes:
        body: Id of the MuJoCo body that it belongs to.
        parent: Index of the parent link; -1 is the base.
        joint: Id of the MuJoCo joint that moves it against its parent; -1 where it is fixed.
        pos: Origin in the parent's frame [m], (3,), at the model's `qpos0`.
        quat: Orientation in the parent's frame, (4,).
        inertia: Mass, where it is, and how it resists turning.
        shapes: What of it may touch.
    """

    body: int
    parent: int
    joint: int
    pos: Floats
    quat: Floats
    inertia: Inertia
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One multibody.

    Attributes:
        kind: What moves the base: nothing, a mocap pose, or physics.
        base: The base; its parent is -1, and its pose is the one at `qpos0`.
        links: What hangs on it, parents first.
        free_joint: Id of the free joint of a free base, else -1.
        mocap: Row of a mocap base in mocap_pos, else -1.
    """

    kind: Literal["fixed", "mocap", "free"]
    base: Link
    links: tuple[Link, ...] = ()
    free_joint: int = -1
    mocap: int = -1


def blueprint(model: mujoco.MjModel) -> tuple[Tree, ...]:
    """All multibodies of a model that `check_translatable` let pass."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    children: dict[int, list[int]] = {}
    for body in range(1, model.nbody):
        children.setdefault(int(model.body_parentid[body]), []).append(body)
    trees: list[Tree] = []
    for body in range(model.nbody):
        if _is_static(model, body):
            trees += [_fixed_geom(data, shape) for shape in _shapes(model, body)]
            moving = [c for c in children.get(body, []) if not _is_static(model, c)]
            trees += [_moving_tree(model, data, children, body, child) for child in moving]
    return tuple(trees)


def load_of_rotors(model: mujoco.MjModel) -> Floats:
    """Extra mass of each body [kg], (nbody,): the armature of its slide joint.

    Armature resists acceleration and weighs nothing, so the weight has to be given back.
    """
    extra = np.zeros(model.nbody)
    slides = np.flatnonzero(model.jnt_type == int(mujoco.mjtJoint.mjJNT_SLIDE))
    for joint in slides:
        extra[model.jnt_bodyid[joint]] += model.dof_armature[model.jnt_dofadr[joint]]
    return extra


def _is_static(model: mujoco.MjModel, body: int) -> bool:
    return int(model.body_weldid[body]) == 0 and int(model.body_mocapid[_top(model, body)]) < 0


def _top(model: mujoco.MjModel, body: int) -> int:
    return int(model.body_rootid[body])


def _shapes(model: mujoco.MjModel, body: int, offset: Floats = _HERE) -> tuple[Shape, ...]:
    first = int(model.body_geomadr[body])
    geoms = range(first, first + int(model.body_geomnum[body])) if first >= 0 else range(0)
    return tuple(
        Shape(geom=g, pos=model.geom_pos[g] + offset, quat=model.geom_quat[g].copy())
        for g in geoms
        if model.geom_contype[g] or model.geom_conaffinity[g]
    )


def _fixed_geom(data: mujoco.MjData, shape: Shape) -> Tree:
    """One static geom, the base in its own frame: Bullet's planes know no other place."""
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, data.geom_xmat[shape.geom])
    base = Link(
        body=int(data.model.geom_bodyid[shape.geom]),
        parent=-1,
        joint=-1,
        pos=data.geom_xpos[shape.geom].copy(),
        quat=quat,
        inertia=LIGHT,
        shapes=(Shape(geom=shape.geom, pos=_HERE, quat=_STRAIGHT),),
    )
    return Tree(kind="fixed", base=base)


def _moving_tree(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    children: dict[int, list[int]],
    parent: int,
    root: int,
) -> Tree:
    first = int(model.body_jntadr[root])
    free = first >= 0 and int(model.jnt_type[first]) == int(mujoco.mjtJoint.mjJNT_FREE)
    mocap = int(model.body_mocapid[root])
    links: list[Link] = []
    if free or mocap >= 0:
        base = Link(
            body=root,
            parent=-1,
            joint=-1,
            pos=data.xpos[root].copy(),
            quat=data.xquat[root].copy(),
            inertia=_inertia_of(model, root) if free else LIGHT,
            shapes=_shapes(model, root),
        )
        for child in children.get(root, []):
            _append_body(model, children, links, child, -1, np.zeros(3))
    else:
        base = Link(
            body=parent,
            parent=-1,
            joint=-1,
            pos=data.xpos[parent].copy(),
            quat=data.xquat[parent].copy(),
            inertia=LIGHT,
            shapes=(),
        )
        _append_body(model, children, links, root, -1, np.zeros(3))
    return Tree(
        kind="free" if free else "mocap" if mocap >= 0 else "fixed",
        base=base,
        links=tuple(links),
        free_joint=first if free else -1,
        mocap=mocap,
    )


def _append_body(
    model: mujoco.MjModel,
    children: dict[int, list[int]],
    links: list[Link],
    body: int,
    parent: int,
    parent_offset: Floats,
) -> None:
    """A link per joint of the body, the last of which carries it, and then all below it."""
    first, n_joints = int(model.body_jntadr[body]), int(model.body_jntnum[body])
    joints = list(range(first, first + n_joints)) or [-1]
    pos, quat = model.body_pos[body] + parent_offset, model.body_quat[body].copy()
    before = np.zeros(3)  # where the last link's origin lies in the body's frame
    for k, joint in enumerate(joints):
        anchor = model.jnt_pos[joint].copy() if joint >= 0 else np.zeros(3)
        step = np.zeros(3)
        mujoco.mju_rotVecQuat(step, anchor - before, quat)
        last = k == len(joints) - 1
        inertia = _inertia_of(model, body, -anchor) if last else LIGHT
        if joint >= 0 and int(model.jnt_type[joint]) == int(mujoco.mjtJoint.mjJNT_HINGE):
            armature = float(model.dof_armature[model.jnt_dofadr[joint]])
            inertia = with_rotor(inertia, model.jnt_axis[joint], armature)
        links.append(
            Link(
                body=body,
                parent=parent,
                joint=joint,
                pos=pos + step,
                quat=quat,
                inertia=inertia,
                shapes=_shapes(model, body, -anchor) if last else (),
            )
        )
        parent, before = len(links) - 1, anchor
        pos, quat = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
    for child in children.get(body, []):
        _append_body(model, children, links, child, parent, -before)


def _inertia_of(model: mujoco.MjModel, body: int, offset: Floats | None = None) -> Inertia:
    if model.body_mass[body] == 0.0:
        return LIGHT
    extra = float(load_of_rotors(model)[body])
    return Inertia(
        mass=float(model.body_mass[body]) + extra,
        pos=model.body_ipos[body] + (0.0 if offset is None else offset),
        quat=model.body_iquat[body].copy(),
        diagonal=model.body_inertia[body].copy(),
    )
