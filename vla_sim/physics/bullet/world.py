"""BulletWorld: n simulations of one MuJoCo model on PyBullet."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.physics.bullet.blueprint import blueprint
from vla_sim.physics.bullet.friction import friction_of
from vla_sim.physics.bullet.refusals import check_translatable
from vla_sim.physics.bullet.simulation import ABSURD_SPEED, Simulation
from vla_sim.physics.bullet.touch import Touch
from vla_sim.physics.bullet.twin import Twin
from vla_sim.physics.engine_state import EngineState, check_numbers
from vla_sim.records.dynamics import NOMINAL, Dynamics

Ids = NDArray[np.int64]


class BulletWorld(EngineState):
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
        check_numbers(n, n_threads)
        check_translatable(model)
        self._twin = Twin(model, n, n_threads)
        measured = np.zeros((n, model.nsensordata))
        super().__init__(model, n, self._twin.arrays, sensordata=measured)
        self._touch = Touch(model)
        trees, friction = blueprint(model), friction_of(model)
        self._sims = [Simulation(model, trees, friction, self._touch.bodies) for _ in range(n)]
        self._solid = np.ones((n, model.ngeom), dtype=np.bool_)
        self._stale = np.ones(n, dtype=np.bool_)  # the scene has to be built anew
        self._seen_qpos, self._seen_qvel = self.qpos.copy(), self.qvel.copy()

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

    def step(self, n_substeps: int, ids: Ids | None = None) -> NDArray[np.bool_]:
        """Advance simulations; derived fields are then current.

        Args:
            n_substeps: Physics steps.
            ids: Which, in rising order; None for all. The others stay where they are.

        Returns:
            (n,) True where the physics diverged during these substeps. Such a simulation holds
            the model's defaults until it is reset; the others are not touched by it.
        """
        twin = self._twin
        moving = np.ones(self._n, dtype=np.bool_) if ids is None else self._among(ids)
        diverged = np.zeros(self._n, dtype=np.bool_)
        for given in (self.qpos, self.qvel, self.act, self.ctrl):
            diverged |= ~np.isfinite(given).all(axis=1)
        diverged |= (np.abs(self.qvel) > ABSURD_SPEED).any(axis=1)
        diverged &= moving
        self._restart(diverged)
        for i in np.flatnonzero(moving).tolist():
            self._write(i)
        for _ in range(n_substeps):
            forces = twin.forces()
            for i in np.flatnonzero(moving & ~diverged).tolist():
                diverged[i] = not self._sims[i].step(forces[i], self.qpos[i], self.qvel[i])
            twin.advance_activations(moving)
        for i in np.flatnonzero(moving & ~diverged).tolist():
            diverged[i] = not self._sims[i].read_bases(self.qpos[i], self.qvel[i])
        self._restart(diverged)
        self._seen_qpos[moving], self._seen_qvel[moving] = self.qpos[moving], self.qvel[moving]
        twin.measure(ids)
        for i in np.flatnonzero(moving).tolist():
            self._sense(i)
        return diverged

    def _among(self, ids: Ids) -> NDArray[np.bool_]:
        """(n,) True for the simulations `ids`."""
        return np.isin(np.arange(self._n), ids)

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
        sim, qpos, qvel = self._sims[i], self.qpos[i], self.qvel[i]
        fresh = bool(self._stale[i])
        if fresh:
            sim.build(self._solid[i])
            self._stale[i] = False
        moved = (qpos != self._seen_qpos[i]).any() or (qvel != self._seen_qvel[i]).any()
        if fresh or moved:
            sim.write(qpos, qvel)
            self._seen_qpos[i], self._seen_qvel[i] = qpos, qvel
        sim.move_mocap(self.mocap_pos[i], self.mocap_quat[i])

    def _sense(self, i: int) -> None:
        self._sensordata[i] = self._twin.arrays.sensordata[i]
        self._touch.write(self._sims[i].contacts(), self._sensordata[i])
