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

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_VEL = int(mujoco.mjtStage.mjSTAGE_VEL)
_STABLE = 0.8
"""Greatest share of a joint's speed that damping may take in one physics step: Bullet integrates
forces explicitly, which blows up at 2; MuJoCo is implicit and bears any."""


class Twin:
    """State of n simulations, and what follows from it without contacts.

    Args:
        model: A model that `check_translatable` let pass.
        n: Number of simulations.
        n_threads: Threads that share the evaluation.
    """

    def __init__(self, model: mujoco.MjModel, n: int, n_threads: int) -> None:
        self._model = model
        self._batch = batch.Batch(_without_contacts(model), nsim=n, nthread=n_threads)
        bind = self._batch.bind
        self.qpos: Floats = bind("qpos")
        self.qvel: Floats = bind("qvel")
        self.act: Floats = bind("act")
        self.ctrl: Floats = bind("ctrl")
        self.mocap_pos: Floats = bind("mocap_pos")
        self.mocap_quat: Floats = bind("mocap_quat")
        self.geom_pos: Floats = bind("geom_xpos")
        self.geom_mat: Floats = bind("geom_xmat")
        self.body_pos: Floats = bind("xpos")
        self.sensordata: Floats = bind("sensordata")
        self._passive: Floats = bind("qfrc_passive")
        self._actuator: Floats = bind("qfrc_actuator")
        self._act_dot: Floats = bind("act_dot")
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
        return self._passive + self._actuator + self._constant

    def advance_activations(self) -> None:
        """One physics step of the actuators' states, after `forces`."""
        if self._model.na:
            self.act += self._model.opt.timestep * self._act_dot
            held = self.act[:, self._limited]
            self.act[:, self._limited] = np.minimum(np.maximum(held, self._act_low), self._act_high)


def _without_contacts(model: mujoco.MjModel) -> mujoco.MjModel:
    twin = copy.deepcopy(model)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    twin.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)
    twin.opt.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    extra = load_of_rotors(model)
    heavy = model.body_mass > 0.0
    if model.ngravcomp:
        twin.body_gravcomp[heavy] += extra[heavy] / model.body_mass[heavy]
    _soften(twin)
    return twin


def _soften(twin: mujoco.MjModel) -> None:
    """Take dampers back where one explicit step would overshoot."""
    data = mujoco.MjData(twin)
    mujoco.mj_forward(twin, data)
    # Damping of each dof's speed, coupled ones counted in full [N s/m or N m s].
    resistance = twin.dof_damping.copy()
    tendons = [_row(twin, t) for t in range(twin.ntendon)]
    for t, moment in enumerate(tendons):
        resistance += twin.tendon_damping[t] * np.abs(moment) * np.abs(moment).sum()
    moments = [_moment(twin, a, tendons) for a in range(twin.nactuator)]
    for a, moment in enumerate(moments):
        drag = max(-float(twin.actuator_biasprm[a, 2]), 0.0)
        resistance += drag * np.abs(moment) * np.abs(moment).sum()
    taken = twin.opt.timestep * resistance / np.maximum(twin.dof_M0, 1e-12)
    softer = np.minimum(1.0, _STABLE / np.maximum(taken, 1e-12))
    twin.dof_damping *= softer
    for t, moment in enumerate(tendons):
        twin.tendon_damping[t] *= softer[moment != 0.0].min(initial=1.0)
    for a, moment in enumerate(moments):
        share = softer[moment != 0.0].min(initial=1.0)
        if twin.actuator_biasprm[a, 1] == 0.0 and twin.actuator_biasprm[a, 2] != 0.0:
            twin.actuator_gainprm[a, 0] *= share  # a speed servo: its target keeps its meaning
        twin.actuator_biasprm[a, 2] *= share


def _row(model: mujoco.MjModel, tendon: int) -> Floats:
    """(nv,) coefficients of a fixed tendon."""
    moment = np.zeros(model.nv)
    first = int(model.tendon_adr[tendon])
    for w in range(first, first + int(model.tendon_num[tendon])):
        moment[model.jnt_dofadr[model.wrap_objid[w]]] = model.wrap_prm[w]
    return moment


def _moment(model: mujoco.MjModel, actuator: int, tendons: list[Floats]) -> Floats:
    """(nv,) what one unit of the actuator's force does."""
    target = int(model.actuator_trnid[actuator, 0])
    gear = float(model.actuator_gear[actuator, 0])
    if int(model.actuator_trntype[actuator]) == int(mujoco.mjtTrn.mjTRN_TENDON):
        return gear * tendons[target]
    moment = np.zeros(model.nv)
    moment[model.jnt_dofadr[target]] = gear
    return moment


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
