"""Simulation: one scene in one PyBullet client."""

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.bullet.assembly import Assembly
from vla_sim.physics.bullet.blueprint import Tree
from vla_sim.physics.bullet.client import Client
from vla_sim.physics.bullet.friction import Friction
from vla_sim.physics.bullet.inertia import Inertia, xyzw

Floats = NDArray[np.float64]

ABSURD_SPEED = 1e3
"""Faster than this [m/s or rad/s], the physics has diverged."""
_N_ITERATIONS = 50


class Simulation:
    """One scene; rebuilt for every episode, so that nothing of the last one is left.

    Args:
        model: The compiled scene.
        trees: Its multibodies.
        friction: Its surfaces.
        watched: Bodies whose contacts are asked for.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        trees: Sequence[Tree],
        friction: Friction,
        watched: set[int],
    ) -> None:
        self._model = model
        self._trees = trees
        self._watched = watched
        self._client = Client()
        self._api: Any = self._client.api
        self._to = self._client.to
        self._assembly = Assembly(model, friction, self._client)
        self._mocap_pos = np.empty((model.nmocap, 3))
        self._mocap_quat = np.empty((model.nmocap, 4))

    def close(self) -> None:
        """Give the client back."""
        self._client.close()

    def build(self, solid: NDArray[np.bool_]) -> None:
        """Make the scene anew, with those geoms touching that are `solid` (ngeom,)."""
        api = self._api
        api.resetSimulation(**self._to)
        api.setGravity(*self._model.opt.gravity.tolist(), **self._to)
        api.setPhysicsEngineParameter(
            fixedTimeStep=float(self._model.opt.timestep),
            numSubSteps=0,
            numSolverIterations=_N_ITERATIONS,
            # All iterations, always: a threshold would stop at another one when rounding differs.
            solverResidualThreshold=0.0,
            collisionFilterMode=1,  # MuJoCo's rule: either side's type is in the other's affinity
            deterministicOverlappingPairs=1,
            enableConeFriction=1,
            enableFileCaching=0,
            **self._to,
        )
        built = [self._assembly.build(tree, solid) for tree in self._trees]
        self._bodies = {body.id: body for body in built}
        self._jointed = [body for body in built if body.links]
        self._free = [body for body in built if body.tree.free_joint >= 0]
        self._carried = [body for body in built if body.tree.mocap >= 0]
        self._asked = [body for body in built if self._watched.intersection(body.body_of)]
        self._mocap_pos.fill(np.nan)
        self._mocap_quat.fill(np.nan)

    def write(self, qpos: Floats, qvel: Floats) -> None:
        """Put the scene into a state, qpos (nq,) and qvel (nv,)."""
        api, model = self._api, self._model
        for body in self._free:
            tree = body.tree
            q, v = model.jnt_qposadr[tree.free_joint], model.jnt_dofadr[tree.free_joint]
            turn = _matrix(qpos[q + 3 : q + 7])
            arm = turn @ tree.base.inertia.pos
            spin = turn @ qvel[v + 3 : v + 6]
            at, quat = _base_pose(qpos[q : q + 3], qpos[q + 3 : q + 7], tree.base.inertia)
            api.resetBasePositionAndOrientation(body.id, at, quat, **self._to)
            speed = qvel[v : v + 3] + _cross(spin, arm)
            api.resetBaseVelocity(body.id, speed.tolist(), spin.tolist(), **self._to)
        for body in self._jointed:
            for link, q, v in zip(body.links, body.qpos_at, body.qvel_at, strict=True):
                angle = float(qpos[q] - model.qpos0[q])
                api.resetJointState(body.id, link, angle, float(qvel[v]), **self._to)

    def move_mocap(self, pos: Floats, quat: Floats) -> None:
        """Carry mocap bodies to pos (n_mocap, 3) and quat (n_mocap, 4)."""
        for body in self._carried:
            row = body.tree.mocap
            same = (pos[row] == self._mocap_pos[row]).all()
            if same and (quat[row] == self._mocap_quat[row]).all():
                continue
            self._mocap_pos[row], self._mocap_quat[row] = pos[row], quat[row]
            at, turn = _base_pose(pos[row], quat[row], body.tree.base.inertia)
            self._api.resetBasePositionAndOrientation(body.id, at, turn, **self._to)

    def step(self, forces: Floats, qpos: Floats, qvel: Floats) -> bool:
        """Advance by one physics step under joint forces (nv,); then read the joints.

        Args:
            forces: Generalised forces of the joints; those of free bases are not applied.
            qpos: (nq,), filled but for free bases.
            qvel: (nv,), filled but for free bases.

        Returns:
            Whether the joints' speeds are still finite and sensible.
        """
        api, model = self._api, self._model
        for body in self._jointed:
            torques = forces[body.qvel_at].tolist()
            api.setJointMotorControlArray(
                body.id, body.links, api.TORQUE_CONTROL, forces=torques, **self._to
            )
        api.stepSimulation(**self._to)
        sane = True
        for body in self._jointed:
            states = api.getJointStates(body.id, body.links, **self._to)
            speeds = [state[1] for state in states]
            qpos[body.qpos_at] = [state[0] for state in states] + model.qpos0[body.qpos_at]
            qvel[body.qvel_at] = speeds
            sane &= all(-ABSURD_SPEED < speed < ABSURD_SPEED for speed in speeds)
        return sane

    def read_bases(self, qpos: Floats, qvel: Floats) -> bool:
        """Read the free bases into qpos (nq,) and qvel (nv,); whether their speeds are sensible."""
        api, model = self._api, self._model
        sane = True
        for body in self._free:
            tree = body.tree
            q, v = model.jnt_qposadr[tree.free_joint], model.jnt_dofadr[tree.free_joint]
            at, (x, y, z, w) = api.getBasePositionAndOrientation(body.id, **self._to)
            linear, angular = api.getBaseVelocity(body.id, **self._to)
            quat, back = np.zeros(4), np.zeros(4)
            mujoco.mju_negQuat(back, tree.base.inertia.quat)
            mujoco.mju_mulQuat(quat, np.array([w, x, y, z]), back)
            if quat @ qpos[q + 3 : q + 7] < 0.0:
                quat = -quat
            turn, spin = _matrix(quat), np.array(angular)
            arm = turn @ tree.base.inertia.pos
            qpos[q : q + 3] = at - arm
            qpos[q + 3 : q + 7] = quat
            qvel[v : v + 3] = linear - _cross(spin, arm)
            qvel[v + 3 : v + 6] = turn.T @ spin
            sane &= bool((np.abs(qvel[v : v + 6]) < ABSURD_SPEED).all())
        return sane

    def detect(self) -> None:
        """Find contacts of the state as it was written."""
        self._api.performCollisionDetection(**self._to)

    def contacts(self) -> set[tuple[int, int]]:
        """Pairs of MuJoCo's bodies that touch, one of which is watched."""
        pairs: set[tuple[int, int]] = set()
        for body in self._asked:
            for point in self._api.getContactPoints(bodyA=body.id, **self._to):
                # Bullet also lists points that are near: distance, then the force along the normal.
                if point[8] < 0.0 or point[9] > 0.0:
                    one = body.body_of[point[3]]
                    pairs.add((one, self._bodies[point[2]].body_of[point[4]]))
        return pairs


def _base_pose(pos: Floats, quat: Floats, inertia: Inertia) -> tuple[list[float], list[float]]:
    """Where the base's principal axes are: PyBullet's idea of its pose."""
    at, turned = np.zeros(3), np.zeros(4)
    mujoco.mju_mulPose(at, turned, pos, quat, inertia.pos, inertia.quat)
    return at.tolist(), xyzw(turned)


def _cross(a: Floats, b: Floats) -> Floats:
    product = np.zeros(3)
    mujoco.mju_cross(product, a, b)
    return product


def _matrix(quat: Floats) -> Floats:
    flat = np.zeros(9)
    mujoco.mju_quat2Mat(flat, quat)
    return flat.reshape(3, 3)
