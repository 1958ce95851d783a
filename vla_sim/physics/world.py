"""World: n simulations of one model on `mujoco.batch.Batch`, each on its own."""

import mujoco
import numpy as np
from mujoco import batch
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.physics.engine_state import EngineState, check_numbers, live_arrays
from vla_sim.physics.model_variation import ModelVariation
from vla_sim.physics.mujoco_log import keep_no_log_file
from vla_sim.records.dynamics import Dynamics

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


class World(EngineState):
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
        check_numbers(n, n_threads)
        if int(model.opt.jacobian) != int(mujoco.mjtJacobian.mjJAC_DENSE):
            raise BadConfig(
                "the model's constraint Jacobian must be dense (the sparse Cholesky of MuJoCo"
                " 4.0.0 is wrong): set spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE"
            )
        keep_no_log_file()
        # Sleeping islands need one MjData per simulation.
        self._batch = batch.Batch(model, nsim=n, nthread=n_threads, persistent=True)
        super().__init__(model, n, live_arrays(self._batch))
        self._contype = self._batch.expand("geom_contype")
        self._conaffinity = self._batch.expand("geom_conaffinity")
        # Made when it is first needed: a field that differs per simulation costs a copy per step.
        self._variation: ModelVariation | None = None

    @property
    def batch(self) -> batch.Batch:
        """MuJoCo's own batch, for measurements and renderers."""
        return self._batch

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

    def step(self, n_substeps: int, ids: Ids | None = None) -> NDArray[np.bool_]:
        """Advance simulations; derived fields are then current.

        Args:
            n_substeps: Physics steps.
            ids: Which, in rising order; None for all. The others stay as they are.

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
            self._batch.step(ids, nstep=n_substeps, stage=_VEL)
        except batch.SimulationError as error:
            diverged[error.ids] = True
        diverged |= self._batch.warning[:, _DIVERGED, 1].any(axis=1)
        diverged |= ~np.isfinite(self.qpos).all(axis=1)
        diverged |= ~np.isfinite(self.qvel).all(axis=1)
        return diverged if ids is None else diverged & np.isin(np.arange(self._n), ids)
