"""Assembly: from the blueprint of a multibody to one in a PyBullet client."""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.bullet.blueprint import LIGHT, Link, Shape, Tree
from vla_sim.physics.bullet.client import Client
from vla_sim.physics.bullet.friction import Friction
from vla_sim.physics.bullet.inertia import Inertia, xyzw

_SLIDE = int(mujoco.mjtJoint.mjJNT_SLIDE)


@dataclass(frozen=True, kw_only=True)
class Multibody:
    """A multibody as it was built.

    Attributes:
        id: PyBullet's number of it.
        tree: Its blueprint.
        body_of: MuJoCo's body of each link, the base last, where index -1 finds it.
        links: Links that have a joint, numbered as PyBullet does.
        qpos_at: Where those lie in qpos.
        qvel_at: Where they lie in qvel.
    """

    id: int
    tree: Tree
    body_of: list[int]
    links: list[int]
    qpos_at: list[int]
    qvel_at: list[int]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A link as PyBullet gets it; shapes of one kind only."""

    link: Link
    parent: int
    joint: int
    inertia: Inertia
    shapes: list[Shape]


class Assembly:
    """Builds the multibodies of one scene in one client."""

    def __init__(self, model: mujoco.MjModel, friction: Friction, client: Client) -> None:
        self._model = model
        self._friction = friction
        self._api: Any = client.api
        self._to = client.to

    def build(self, tree: Tree, solid: NDArray[np.bool_]) -> Multibody:
        """Build a multibody with those shapes whose geoms are `solid` (ngeom,)."""
        parts = self._parts(tree, solid)
        base, rest = parts[0], parts[1:]
        api = self._api
        body: int = api.createMultiBody(
            baseMass=base.inertia.mass if tree.kind == "free" else 0.0,
            baseCollisionShapeIndex=self._shape(base.shapes),
            basePosition=base.link.pos.tolist(),
            baseOrientation=xyzw(base.link.quat),
            baseInertialFramePosition=base.inertia.pos.tolist(),
            baseInertialFrameOrientation=xyzw(base.inertia.quat),
            linkMasses=[part.inertia.mass for part in rest],
            linkCollisionShapeIndices=[self._shape(part.shapes) for part in rest],
            linkVisualShapeIndices=[-1] * len(rest),
            # A part that hangs on its own link lies where the link does.
            linkPositions=[_offset(part, parts).tolist() for part in rest],
            linkOrientations=[xyzw(_turn(part, parts)) for part in rest],
            linkInertialFramePositions=[part.inertia.pos.tolist() for part in rest],
            linkInertialFrameOrientations=[xyzw(part.inertia.quat) for part in rest],
            linkParentIndices=[part.parent for part in rest],
            linkJointTypes=[self._joint_type(part) for part in rest],
            linkJointAxis=[self._axis(part) for part in rest],
            flags=api.URDF_USE_SELF_COLLISION,
            **self._to,
        )
        # Of the whole multibody. Asked of a link, PyBullet drops the call and all that is in it.
        api.changeDynamics(
            body, -1, linearDamping=0.0, angularDamping=0.0, maxJointVelocity=1e9, **self._to
        )
        for k, part in enumerate(parts):
            self._dress(body, k - 1, part)
            if part.joint >= 0:
                self._release(body, k - 1, part.joint)
        self._separate(body, parts)
        jointed = [k for k, part in enumerate(rest) if part.joint >= 0]
        joints = [rest[k].joint for k in jointed]
        return Multibody(
            id=body,
            tree=tree,
            body_of=[part.link.body for part in rest] + [base.link.body],
            links=jointed,
            qpos_at=self._model.jnt_qposadr[joints].tolist(),
            qvel_at=self._model.jnt_dofadr[joints].tolist(),
        )

    def _parts(self, tree: Tree, solid: NDArray[np.bool_]) -> list[_Part]:
        """The base and the links in PyBullet's order, which is depth first.

        A link whose shapes differ in what they touch or how they rub gets a fixed child for every
        further kind: Bullet knows such things by the link only.
        """
        parts: list[_Part] = []
        numbers: dict[int, int] = {}  # of the blueprint's links among the parts
        for k, link in enumerate([tree.base, *tree.links], start=-1):
            groups = self._groups([shape for shape in link.shapes if solid[shape.geom]])
            parent = 0 if k < 0 else numbers[link.parent]
            numbers[k] = len(parts)
            first, *others = groups or [[]]
            parts.append(
                _Part(
                    link=link,
                    parent=parent,
                    joint=link.joint,
                    inertia=link.inertia,
                    shapes=first,
                )
            )
            parts += [
                _Part(link=link, parent=numbers[k], joint=-1, inertia=LIGHT, shapes=group)
                for group in others
            ]
        return parts

    def _groups(self, shapes: list[Shape]) -> list[list[Shape]]:
        model, friction = self._model, self._friction
        groups: dict[tuple[float, ...], list[Shape]] = {}
        for shape in shapes:
            g = shape.geom
            key = (
                float(model.geom_contype[g]),
                float(model.geom_conaffinity[g]),
                float(friction.sliding[g]),
                float(friction.spinning[g]),
                float(friction.rolling[g]),
            )
            groups.setdefault(key, []).append(shape)
        return list(groups.values())

    def _shape(self, shapes: list[Shape]) -> int:
        """One collision shape of several; -1 for none."""
        if not shapes:
            return -1
        api, model = self._api, self._model
        kinds = {
            int(mujoco.mjtGeom.mjGEOM_PLANE): api.GEOM_PLANE,
            int(mujoco.mjtGeom.mjGEOM_BOX): api.GEOM_BOX,
            int(mujoco.mjtGeom.mjGEOM_SPHERE): api.GEOM_SPHERE,
            int(mujoco.mjtGeom.mjGEOM_CAPSULE): api.GEOM_CAPSULE,
            int(mujoco.mjtGeom.mjGEOM_CYLINDER): api.GEOM_CYLINDER,
        }
        types = [kinds[int(model.geom_type[shape.geom])] for shape in shapes]
        shape_id: int
        if types == [api.GEOM_PLANE]:
            up = [0.0, 0.0, 1.0]
            shape_id = api.createCollisionShape(api.GEOM_PLANE, planeNormal=up, **self._to)
            return shape_id
        sizes = [model.geom_size[shape.geom].tolist() for shape in shapes]
        shape_id = api.createCollisionShapeArray(
            shapeTypes=types,
            radii=[size[0] for size in sizes],
            halfExtents=sizes,
            lengths=[2.0 * size[1] for size in sizes],
            collisionFramePositions=[shape.pos.tolist() for shape in shapes],
            collisionFrameOrientations=[xyzw(shape.quat) for shape in shapes],
            **self._to,
        )
        return shape_id

    def _joint_type(self, part: _Part) -> int:
        if part.joint < 0:
            return int(self._api.JOINT_FIXED)
        slides = int(self._model.jnt_type[part.joint]) == _SLIDE
        return int(self._api.JOINT_PRISMATIC if slides else self._api.JOINT_REVOLUTE)

    def _axis(self, part: _Part) -> list[float]:
        axis: list[float] = self._model.jnt_axis[max(part.joint, 0)].tolist()
        return axis if part.joint >= 0 else [0.0, 0.0, 1.0]

    def _dress(self, body: int, index: int, part: _Part) -> None:
        """Give a part its resistance to turning, its surface and its company."""
        api, model, friction = self._api, self._model, self._friction
        surface: dict[str, float] = {}
        if part.shapes:
            g = part.shapes[0].geom
            surface = {
                "lateralFriction": float(friction.sliding[g]),
                "spinningFriction": float(friction.spinning[g]),
                "rollingFriction": float(friction.rolling[g]),
                "restitution": 0.0,
            }
            api.setCollisionFilterGroupMask(
                body, index, int(model.geom_contype[g]), int(model.geom_conaffinity[g]), **self._to
            )
        api.changeDynamics(
            body,
            index,
            localInertiaDiagonal=part.inertia.diagonal.tolist(),
            jointDamping=0.0,
            **surface,
            **self._to,
        )

    def _release(self, body: int, index: int, joint: int) -> None:
        """Switch Bullet's own motor off, but for dry friction; set the limits."""
        api, model = self._api, self._model
        friction = float(model.dof_frictionloss[model.jnt_dofadr[joint]])
        api.setJointMotorControl2(
            body, index, api.VELOCITY_CONTROL, targetVelocity=0.0, force=friction, **self._to
        )
        if model.jnt_limited[joint]:
            low, high = model.jnt_range[joint] - model.qpos0[model.jnt_qposadr[joint]]
            api.changeDynamics(
                body, index, jointLowerLimit=float(low), jointUpperLimit=float(high), **self._to
            )

    def _separate(self, body: int, parts: list[_Part]) -> None:
        """Within a multibody, part what MuJoCo lets pass through each other."""
        solid = [k for k, part in enumerate(parts) if part.shapes]
        for a in solid:
            for b in solid:
                one, other = parts[a].link.body, parts[b].link.body
                if a < b and not _may_touch(self._model, one, other):
                    self._api.setCollisionFilterPair(body, body, a - 1, b - 1, 0, **self._to)


def _offset(part: _Part, parts: list[_Part]) -> NDArray[np.float64]:
    return np.zeros(3) if part.link is parts[part.parent].link else part.link.pos


def _turn(part: _Part, parts: list[_Part]) -> NDArray[np.float64]:
    return LIGHT.quat if part.link is parts[part.parent].link else part.link.quat


def _may_touch(model: mujoco.MjModel, one: int, other: int) -> bool:
    """MuJoCo's rules beside contype and conaffinity."""
    a, b = int(model.body_weldid[one]), int(model.body_weldid[other])
    if a == b:
        return False
    above_a = int(model.body_weldid[model.body_parentid[a]])
    above_b = int(model.body_weldid[model.body_parentid[b]])
    if a and b and (a == above_b or b == above_a):
        return False
    excluded = set(model.exclude_signature.tolist())
    return not excluded & {(one << 16) + other, (other << 16) + one}
