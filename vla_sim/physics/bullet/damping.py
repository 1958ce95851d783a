"""Damping: explicit forces that slow joints down as an implicit step would.

Bullet integrates forces explicitly: a damper that would stop a light joint several times over
within one physics step makes it oscillate and blow up. MuJoCo's integrator is implicit in speeds.
The same is had here by tempering the forces that depend on speed, and only those: with mass matrix
M, damping B and step h, a force t becomes M (M + h B)^-1 t. At rest nothing changes, so grips keep
their force; where h B is far above M, a servo is quicker than MuJoCo's.
"""

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)


class Damping:
    """The dampers and speed servos of a model.

    Args:
        model: A model that `check_translatable` let pass.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._step_s = float(model.opt.timestep)
        tendons = [_tendon_moment(model, t) for t in range(model.ntendon)]
        passive = np.diag(model.dof_damping)
        for t, moment in enumerate(tendons):
            passive += model.tendon_damping[t] * np.outer(moment, moment)
        self._drags: list[_Drag] = []
        resists = np.diag(passive) > 0.0
        for a in range(model.nactuator):
            drag = _Drag(model, a, _actuator_moment(model, a, tendons))
            if drag.strength > 0.0 and not model.actuator_forcelimited[a]:
                self._drags.append(drag)
                resists |= drag.moment != 0.0
        self._dofs = np.flatnonzero(resists)
        for drag in self._drags:
            drag.moment = drag.moment[self._dofs]
        self._passive = passive[np.ix_(self._dofs, self._dofs)]
        self._where = _addresses(model, self._dofs)
        limits = np.full((model.nv, 2), [-np.inf, np.inf])
        for j in np.flatnonzero(model.jnt_actfrclimited):
            limits[model.jnt_dofadr[j]] = model.jnt_actfrcrange[j]
        self._low, self._high = limits[self._dofs].T

    def temper(
        self,
        forces: Floats,
        inertia: Floats,
        qvel: Floats,
        ctrl: Floats,
        qfrc_actuator: Floats,
    ) -> None:
        """Replace the part of forces (n, nv) that depends on speed, in place.

        Args:
            forces: All generalised forces.
            inertia: MuJoCo's mass matrices, sparse, (n, nC).
            qvel: Speeds, (n, nv).
            ctrl: Controls, (n, nu).
            qfrc_actuator: Generalised forces of the actuators, (n, nv).
        """
        dofs, h = self._dofs, self._step_s
        if not len(dofs):
            return
        n, k = len(forces), len(dofs)
        speed = qvel[:, dofs]
        damping = np.tile(self._passive, (n, 1, 1))
        pull = np.zeros((n, k))
        bounded = qfrc_actuator[:, dofs]
        spent = (bounded <= self._low) | (bounded >= self._high)
        for drag in self._drags:
            # A force at its limit does not depend on speed.
            no_more = (spent & (drag.moment != 0.0)).any(axis=1)
            strength = np.where(no_more, 0.0, drag.strength)
            damping += strength[:, None, None] * np.outer(drag.moment, drag.moment)
            pull += (strength * drag.target(ctrl))[:, None] * drag.moment
        for j in range(k):
            pull -= damping[:, :, j] * speed[:, j, None]
        mass = np.concatenate([inertia, np.zeros((n, 1))], axis=1)[:, self._where]
        share = np.linalg.solve(mass + h * damping, pull[:, :, None])[:, :, 0]
        for j in range(k):
            forces[:, dofs] -= h * damping[:, :, j] * share[:, j, None]


class _Drag:
    """What an actuator does against speed: strength times moment (nv,) times (target - speed)."""

    def __init__(self, model: mujoco.MjModel, actuator: int, moment: Floats) -> None:
        self._actuator = actuator
        self.moment = moment
        self.strength = -float(model.actuator_biasprm[actuator, 2])
        # A speed servo knows nothing but speed: its control is the target.
        aims = self.strength > 0.0 and not model.actuator_biasprm[actuator, 1]
        aims = aims and int(model.actuator_dyntype[actuator]) == int(mujoco.mjtDyn.mjDYN_NONE)
        self._aim = float(model.actuator_gainprm[actuator, 0]) / self.strength if aims else 0.0

    def target(self, ctrl: Floats) -> Floats:
        """(n,) the speed that is aimed at."""
        return self._aim * ctrl[:, self._actuator]


def soften(model: mujoco.MjModel) -> None:
    """Weaken the damping of servos with a limited force, in place.

    Beyond the limit there is nothing left to temper, and a servo would be thrown from one limit to
    the other: its damping must be bearable by itself.
    """
    tendons = [_tendon_moment(model, t) for t in range(model.ntendon)]
    for a in range(model.nactuator):
        drag = -float(model.actuator_biasprm[a, 2])
        if drag > 0.0 and model.actuator_forcelimited[a]:
            moment = _actuator_moment(model, a, tendons)
            taken = float((moment * moment / model.dof_M0).sum()) * drag * model.opt.timestep
            model.actuator_biasprm[a, 2] /= 1.0 + taken
            if not model.actuator_biasprm[a, 1]:
                model.actuator_gainprm[a, 0] /= 1.0 + taken


def _tendon_moment(model: mujoco.MjModel, tendon: int) -> Floats:
    """(nv,) coefficients of a fixed tendon."""
    moment = np.zeros(model.nv)
    first = int(model.tendon_adr[tendon])
    for w in range(first, first + int(model.tendon_num[tendon])):
        moment[model.jnt_dofadr[model.wrap_objid[w]]] = model.wrap_prm[w]
    return moment


def _actuator_moment(model: mujoco.MjModel, actuator: int, tendons: list[Floats]) -> Floats:
    """(nv,) what one unit of the actuator's force does."""
    target, gear = int(model.actuator_trnid[actuator, 0]), float(model.actuator_gear[actuator, 0])
    if int(model.actuator_trntype[actuator]) == _TENDON:
        return gear * tendons[target]
    moment = np.zeros(model.nv)
    moment[model.jnt_dofadr[target]] = gear
    return moment


def _addresses(model: mujoco.MjModel, dofs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k, k) where the entries of the dofs' mass matrix lie in MuJoCo's sparse one; -1: nowhere."""
    where = np.full((model.nv, model.nv), -1)
    for row in range(model.nv):
        first = int(model.M_rowadr[row])
        for address in range(first, first + int(model.M_rownnz[row])):
            column = int(model.M_colind[address])
            where[row, column] = where[column, row] = address
    return where[np.ix_(dofs, dofs)]
