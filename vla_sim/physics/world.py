"""World: n simulations of one model on `mujoco.batch.Batch`, each on its own."""

import mujoco
import numpy as np
from mujoco import batch
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.model_variation import ModelVariation
from vla_sim.physics.mujoco_log import keep_no_log_file
from vla_sim.records.dynamics import Dynamics

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_NONE = int(mujoco.mjtStage.mjSTAGE_NONE)
_VEL = int(mujoco.mjtStage.mjSTAGE_VEL)
# A warning of these kinds means that the state is no longer the model's motion: MuJoCo has
# reset the simulation, or dropped a control that was not finite.
_DIVERGED = [
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
    int(mujoco.mjtWarning.mjWARN_BADCTRL),
]


class World:
    """n simulations of one model, stepped together; implements `protocols.engine.Engine`.

    What a simulation does depends on nothing but its own state and controls: not on n, not on the
    number of threads, not on what its slot held before `reset`.

    Args:
        model: The compiled scene. Its constraint Jacobian must be dense.
        n: Number of simulations.
        n_threads: Threads that share the stepping, the caller's included.

    Raises:
        BadConfig: If a number is below 1 or the model's Jacobian is not dense.
    """

    def __init__(self, model: mujoco.MjModel, n: int, n_threads: int = 1) -> None:
        if n < 1 or n_threads < 1:
            raise BadConfig(f"a world needs n >= 1 and n_threads >= 1, got {n} and {n_threads}")
        if int(model.opt.jacobian) != int(mujoco.mjtJacobian.mjJAC_DENSE):
            raise BadConfig(
                "the model's constraint Jacobian must be dense (the sparse Cholesky of MuJoCo"
                " 4.0.0 is wrong): set spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE"
            )
        keep_no_log_file()
        self._model = model
        self._n = n
        # Sleeping islands need one MjData per simulation.
        self._batch = batch.Batch(model, nsim=n, nthread=n_threads, persistent=True)
        bind = self._batch.bind
        self._qpos: Floats = bind("qpos")
        self._qvel: Floats = bind("qvel")
        self._act: Floats = bind("act")
        self._ctrl: Floats = bind("ctrl")
        self._mocap_pos: Floats = bind("mocap_pos")
        self._mocap_quat: Floats = bind("mocap_quat")
        self._geom_pos: Floats = bind("geom_xpos")
        self._geom_mat: Floats = bind("geom_xmat")
        self._body_pos: Floats = bind("xpos")
        self._sensordata: Floats = bind("sensordata")
        # Colours are the renderer's affair, so they are kept out of the batch's own model fields.
        self._rgba: NDArray[np.float32] = np.repeat(model.geom_rgba[None], n, axis=0)
        self._contype = self._batch.expand("geom_contype")
        self._conaffinity = self._batch.expand("geom_conaffinity")
        # Made when it is first needed: a field that differs per simulation costs a copy per step.
        self._variation: ModelVariation | None = None

    @property
    def model(self) -> mujoco.MjModel:
        """The compiled scene."""
        return self._model

    @property
    def batch(self) -> batch.Batch:
        """MuJoCo's own batch, for measurements and renderers."""
        return self._batch

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
        return self._qpos

    @property
    def qvel(self) -> Floats:
        """(n, nv), writable."""
        return self._qvel

    @property
    def act(self) -> Floats:
        """(n, na), writable."""
        return self._act

    @property
    def ctrl(self) -> Floats:
        """(n, nu), writable."""
        return self._ctrl

    @property
    def mocap_pos(self) -> Floats:
        """(n, n_mocap, 3), writable."""
        return self._mocap_pos

    @property
    def mocap_quat(self) -> Floats:
        """(n, n_mocap, 4), writable."""
        return self._mocap_quat

    @property
    def geom_pos(self) -> Floats:
        """(n, ngeom, 3) in the world [m], current after `step` and `forward`."""
        return self._geom_pos

    @property
    def geom_mat(self) -> Floats:
        """(n, ngeom, 9), row-major rotation matrices."""
        return self._geom_mat

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
            raise UnknownName("body", name, _names(self._model, "body"))
        return self._body_pos[:, found]

    def sensor(self, name: str) -> Floats:
        """(n, d) values of a sensor, a live view.

        Raises:
            UnknownName: If the scene has no such sensor.
        """
        found = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_SENSOR, name)
        if found < 0:
            raise UnknownName("sensor", name, _names(self._model, "sensor"))
        start = int(self._model.sensor_adr[found])
        return self._sensordata[:, start : start + int(self._model.sensor_dim[found])]

    def set_collidable(self, ids: Ids, geom_ids: Ids, on: NDArray[np.bool_]) -> None:
        """Let geoms touch others, or not, until the next `reset`. Call before `forward`.

        Args:
            ids: Simulations, shape (m,).
            geom_ids: Geoms, shape (k,).
            on: Which geom may touch in which simulation, shape (m, k).
        """
        where = np.ix_(ids, geom_ids)
        self._contype[where] = np.where(on, self._model.geom_contype[geom_ids], 0)
        self._conaffinity[where] = np.where(on, self._model.geom_conaffinity[geom_ids], 0)

    def set_dynamics(self, ids: Ids, dynamics: Dynamics) -> None:
        """Scale the physics of simulations `ids` until their `reset`. Call it before `forward`."""
        self._variation = self._variation or ModelVariation(self._model, self._batch)
        self._variation.scale(np.sort(ids), dynamics)

    def reset(self, ids: Ids) -> None:
        """Put the simulations `ids` back to the model's defaults, without a forward pass."""
        if len(ids) == 0:
            return
        if self._variation is not None:
            self._variation.restore(ids)
        self._batch.reset(np.sort(ids), stage=_NONE)
        self._batch.warning[ids] = 0
        self._rgba[ids] = self._model.geom_rgba
        self._contype[ids] = self._model.geom_contype
        self._conaffinity[ids] = self._model.geom_conaffinity

    def forward(self, ids: Ids) -> None:
        """Make derived fields of `ids` describe the state as written."""
        if len(ids):
            self._batch.forward(np.sort(ids), stage=_VEL)

    def step(self, n_substeps: int) -> NDArray[np.bool_]:
        """Advance all simulations; derived fields are then current.

        Returns:
            (n,) True where the physics diverged during these substeps. Such a simulation holds
            a state of MuJoCo's choice until it is reset; the others are not touched by it.
        """
        # MuJoCo's automatic reset takes the counters along, so a second divergence of one
        # simulation would leave its count at one: they are cleared rather than compared.
        self._batch.warning[:] = 0
        diverged = np.zeros(self._n, dtype=np.bool_)
        try:
            # At this stage the derived fields are current, and the next step continues from them.
            self._batch.step(nstep=n_substeps, stage=_VEL)
        except batch.SimulationError as error:
            diverged[error.ids] = True
        diverged |= self._batch.warning[:, _DIVERGED, 1].any(axis=1)
        diverged |= ~np.isfinite(self._qpos).all(axis=1)
        diverged |= ~np.isfinite(self._qvel).all(axis=1)
        return diverged


def _names(model: mujoco.MjModel, kind: str) -> list[str]:
    return [getattr(model, kind)(i).name for i in range(getattr(model, f"n{kind}"))]
