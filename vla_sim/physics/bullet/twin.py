"""Twin: MuJoCo's formulas for what is not Bullet's business.

Where geoms are for given joint angles, and which generalised forces actuators, springs, dampers and
gravity compensation exert, are definitions of the model, not of an engine. The twin evaluates them
on a copy of the model without contacts and constraints; it never steps.
"""

import copy

import mujoco
import numpy as np
from mujoco import batch
from numpy.typing import NDArray

from vla_sim.physics.bullet.blueprint import load_of_rotors
from vla_sim.physics.bullet.damping import Damping, soften
from vla_sim.physics.engine_state import live_arrays
from vla_sim.physics.mujoco_log import keep_no_log_file

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_VEL = int(mujoco.mjtStage.mjSTAGE_VEL)


class Twin:
    """State of n simulations, and what follows from it without contacts.

    Args:
        model: A model that `check_translatable` let pass.
        n: Number of simulations.
        n_threads: Threads that share the evaluation.
    """

    def __init__(self, model: mujoco.MjModel, n: int, n_threads: int) -> None:
        keep_no_log_file()
        self._model = model
        self._batch = batch.Batch(_without_contacts(model), nsim=n, nthread=n_threads)
        bind = self._batch.bind
        self.arrays = live_arrays(self._batch)
        self._passive: Floats = bind("qfrc_passive")
        self._actuator: Floats = bind("qfrc_actuator")
        self._act_dot: Floats = bind("act_dot")
        self._inertia: Floats = bind("M")
        self._damping = Damping(model)
        self._constant = _weight_of_rotors(model)
        limited = np.flatnonzero(model.actuator_actlimited & (model.actuator_actadr >= 0))
        self._limited = model.actuator_actadr[limited]
        self._act_low, self._act_high = model.actuator_actrange[limited].T

    def reset(self, ids: Ids) -> None:
        """The model's defaults, nothing derived."""
        self._batch.reset(np.sort(ids), stage=int(mujoco.mjtStage.mjSTAGE_NONE))

    def measure(self, ids: Ids | None = None) -> None:
        """Make poses and sensors describe the state."""
        self._batch.forward(None if ids is None else np.sort(ids), stage=_VEL)

    def forces(self) -> Floats:
        """(n, nv) generalised forces that Bullet has to add to gravity and contacts."""
        self._batch.forward()
        forces: Floats = self._passive + self._actuator + self._constant
        self._damping.temper(
            forces, self._inertia, self.arrays.qvel, self.arrays.ctrl, self._actuator
        )
        return forces

    def advance_activations(self, moving: NDArray[np.bool_]) -> None:
        """One physics step of the actuators' states where `moving` (n,), after `forces`."""
        if self._model.na:
            act = self.arrays.act[moving] + self._model.opt.timestep * self._act_dot[moving]
            held = act[:, self._limited]
            act[:, self._limited] = np.minimum(np.maximum(held, self._act_low), self._act_high)
            self.arrays.act[moving] = act


def _without_contacts(model: mujoco.MjModel) -> mujoco.MjModel:
    twin = copy.deepcopy(model)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
    twin.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    extra = load_of_rotors(model)
    heavy = model.body_mass > 0.0
    soften(twin)
    if model.ngravcomp:
        twin.body_gravcomp[heavy] += extra[heavy] / model.body_mass[heavy]
    return twin


def _weight_of_rotors(model: mujoco.MjModel) -> Floats:
    """(nv,) what bears the rotors of slides on fixed bodies, where nothing is compensated."""
    constant = np.zeros(model.nv)
    if model.ngravcomp:
        return constant
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    extra = load_of_rotors(model)
    for joint in np.flatnonzero(model.jnt_type == int(mujoco.mjtJoint.mjJNT_SLIDE)):
        pull = float(np.dot(model.opt.gravity, data.xaxis[joint]))
        constant[model.jnt_dofadr[joint]] = -extra[model.jnt_bodyid[joint]] * pull
    return constant
