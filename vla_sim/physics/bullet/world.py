"""BulletWorld: n simulations of one MuJoCo model on PyBullet."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.bullet.blueprint import blueprint
from vla_sim.physics.bullet.friction import friction_of
from vla_sim.physics.bullet.refusals import check_translatable
from vla_sim.physics.bullet.simulation import ABSURD_SPEED, Simulation
from vla_sim.physics.bullet.touch import Touch
from vla_sim.physics.bullet.twin import Twin
from vla_sim.records.dynamics import NOMINAL, Dynamics

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class BulletWorld:
    """n simulations, one PyBullet client each; implements `protocols.engine.Engine`.

    What a simulation does depends on nothing but its own state and controls: a client is nobody
    else's, and an episode's scene is built anew.

    Args:
        model: The compiled scene.
        n: Number of simulations; each takes some 30 MB.
        n_threads: Threads for kinematics and actuators; PyBullet itself runs in one.

    Raises:
        BadConfig: If a number is below 1, PyBullet is missing, or the model has something that
            cannot be translated; all of it is named.
    """

    def __init__(self, model: mujoco.MjModel, n: int, n_threads: int = 1) -> None:
        if n < 1 or n_threads < 1:
            raise BadConfig(f"a world needs n >= 1 and n_threads >= 1, got {n} and {n_threads}")
        check_translatable(model)
        self._model = model
        self._n = n
        self._twin = Twin(model, n, n_threads)
        self._touch = Touch(model)
        trees, friction = blueprint(model), friction_of(model)
        self._sims = [Simulation(model, trees, friction, self._touch.bodies) for _ in range(n)]
        self._rgba: NDArray[np.float32] = np.repeat(model.geom_rgba[None], n, axis=0)
        self._sensordata = np.zeros((n, model.nsensordata))
        self._solid = np.ones((n, model.ngeom), dtype=np.bool_)
        self._stale = np.ones(n, dtype=np.bool_)  # the scene has to be built anew
        self._seen_qpos, self._seen_qvel = self._twin.qpos.copy(), self._twin.qvel.copy()

    @property
    def model(self) -> mujoco.MjModel:
        """The compiled scene."""
        return self._model

    @property
    def n(self) -> int:
        """Number of simulations."""
        return self._n

    @property
    def timestep_s(self) -> float:
        """Physics step [s]."""
        return float(self._model.opt.timestep)

    @property
    def qpos(self) -> Floats:
        """(n, nq), writable."""
        return self._twin.qpos

    @property
    def qvel(self) -> Floats:
        """(n, nv), writable."""
        return self._twin.qvel

    @property
    def act(self) -> Floats:
        """(n, na), writable."""
        return self._twin.act

    @property
    def ctrl(self) -> Floats:
        """(n, nu), writable."""
        return self._twin.ctrl

    @property
    def mocap_pos(self) -> Floats:
        """(n, n_mocap, 3), writable."""
        return self._twin.mocap_pos

    @property
    def mocap_quat(self) -> Floats:
        """(n, n_mocap, 4), writable."""
        return self._twin.mocap_quat

    @property
    def geom_pos(self) -> Floats:
        """(n, ngeom, 3) in the world [m], current after `step` and `forward`."""
        return self._twin.geom_pos

    @property
    def geom_mat(self) -> Floats:
        """(n, ngeom, 9), row-major rotation matrices."""
        return self._twin.geom_mat

    @property
    def rgba(self) -> NDArray[np.float32]:
        """(n, ngeom, 4), writable: each simulation's own colours; alpha 0 hides a geom."""
        return self._rgba

    def body_pos(self, name: str) -> Floats:
        """(n, 3) position of a body in the world [m], a live view.

        Raises:
            UnknownName: If the scene has no such body.
        """
        found = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_BODY, name)
        if found < 0:
            known = [self._model.body(i).name for i in range(self._model.nbody)]
            raise UnknownName("body", name, known)
        return self._twin.body_pos[:, found]

    def sensor(self, name: str) -> Floats:
        """(n, d) values of a sensor, a live view.

        Raises:
            UnknownName: If the scene has no such sensor.
        """
        found = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_SENSOR, name)
        if found < 0:
            known = [self._model.sensor(i).name for i in range(self._model.nsensor)]
            raise UnknownName("sensor", name, known)
        start = int(self._model.sensor_adr[found])
        return self._sensordata[:, start : start + int(self._model.sensor_dim[found])]

    def set_collidable(self, ids: Ids, geom_ids: Ids, on: NDArray[np.bool_]) -> None:
        """Let geoms touch others, or not, until the next `reset`. Call before `forward`.

        Args:
            ids: Simulations, shape (m,).
            geom_ids: Geoms, shape (k,).
            on: Which geom may touch in which simulation, shape (m, k).
        """
        self._solid[np.ix_(ids, geom_ids)] = on
        self._stale[ids] = True

    def set_dynamics(self, ids: Ids, dynamics: Dynamics) -> None:
        """Refuse other dynamics than the model's own.

        Raises:
            BadConfig: If they differ from the model's.
        """
        if len(ids) and dynamics != NOMINAL:
            raise BadConfig(
                f"PyBullet simulates the model as it is, not with {dynamics}: measure the dynamics"
                " axis on MuJoCo, and the engine axis by itself"
            )

    def reset(self, ids: Ids) -> None:
        """Put the simulations `ids` back to the model's defaults, without a forward pass."""
        if len(ids) == 0:
            return
        self._twin.reset(ids)
        self._rgba[ids] = self._model.geom_rgba
        self._solid[ids] = True
        self._stale[ids] = True

    def forward(self, ids: Ids) -> None:
        """Make derived fields of `ids` describe the state as written."""
        if len(ids) == 0:
            return
        self._twin.measure(ids)
        for i in ids:
            self._write(int(i))
            self._sims[i].detect()
            self._sense(int(i))

    def step(self, n_substeps: int) -> NDArray[np.bool_]:
        """Advance all simulations; derived fields are then current.

        Returns:
            (n,) True where the physics diverged during these substeps. Such a simulation holds
            the model's defaults until it is reset; the others are not touched by it.
        """
        twin = self._twin
        diverged = np.zeros(self._n, dtype=np.bool_)
        for given in (twin.qpos, twin.qvel, twin.act, twin.ctrl):
            diverged |= ~np.isfinite(given).all(axis=1)
        diverged |= (np.abs(twin.qvel) > ABSURD_SPEED).any(axis=1)
        self._restart(diverged)
        for i in range(self._n):
            self._write(i)
        for _ in range(n_substeps):
            forces = twin.forces()
            for i in np.flatnonzero(~diverged).tolist():
                diverged[i] = not self._sims[i].step(forces[i], twin.qpos[i], twin.qvel[i])
            twin.advance_activations()
        for i in np.flatnonzero(~diverged).tolist():
            diverged[i] = not self._sims[i].read_bases(twin.qpos[i], twin.qvel[i])
        self._restart(diverged)
        self._seen_qpos[:], self._seen_qvel[:] = twin.qpos, twin.qvel
        twin.measure()
        for i in range(self._n):
            self._sense(i)
        return diverged

    def _restart(self, diverged: NDArray[np.bool_]) -> None:
        """Put back what diverged, and build its scene anew."""
        ids = np.flatnonzero(diverged)
        if len(ids):
            self._twin.reset(ids)
            self._stale[ids] = True
            for i in ids:
                self._write(int(i))

    def _write(self, i: int) -> None:
        """Bring simulation i to the state that was written, if it was."""
        sim, qpos, qvel = self._sims[i], self._twin.qpos[i], self._twin.qvel[i]
        fresh = bool(self._stale[i])
        if fresh:
            sim.build(self._solid[i])
            self._stale[i] = False
        moved = (qpos != self._seen_qpos[i]).any() or (qvel != self._seen_qvel[i]).any()
        if fresh or moved:
            sim.write(qpos, qvel)
            self._seen_qpos[i], self._seen_qvel[i] = qpos, qvel
        sim.move_mocap(self._twin.mocap_pos[i], self._twin.mocap_quat[i])

    def _sense(self, i: int) -> None:
        self._sensordata[i] = self._twin.sensordata[i]
        self._touch.write(self._sims[i].contacts(), self._sensordata[i])
