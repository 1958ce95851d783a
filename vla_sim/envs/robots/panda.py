"""PandaRobot: tool twist and gripper to joint references, by resolved rates."""

from collections.abc import Mapping
from typing import cast

import mujoco
import numba
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets import panda
from vla_sim.errors import BadConfig
from vla_sim.physics.filters import low_pass_gain
from vla_sim.physics.kinematics import (
    damped_least_squares,
    forward_one,
    rotate,
    rotation_error,
)
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_PREFIX = "panda/"
_DOWN = np.diag([1.0, -1.0, -1.0])
_DAMPING = 0.01
_POSTURE_RATE = 1.0
"""How fast free motion goes back to the home posture [1/s]."""
_MAX_LEAD_RAD = 0.05
"""How far a joint's reference may be from the joint: twice what full torque needs, no more."""
_MAX_TURN_RAD = 0.1
"""How far the commanded orientation runs ahead of the reference's; also its correction a step."""
_MAX_GRIP_LEAD_M = 0.024
"""Opening beyond which a finger's servo is saturated, both fingers together."""
_LEAN_COSINE = -np.cos(0.7)
"""Third component of the tool's axis when it leans by 0.7 rad from straight down."""
_BRAKE_M_S2 = 1.5
"""Deceleration at the walls of the workspace."""
_RETURN_M_S = 0.1
"""Speed at which the tool comes back to the workspace from outside."""
_TOOL_ACCELERATION_M_S2 = 3.5
_TOOL_ACCELERATION_RAD_S2 = 12.0
"""What the joints can give nearly everywhere in the workspace, within their own limits."""
_JOINT_MARGIN_RAD = 0.02
_TOUCH = (*(f"touch_link{i}" for i in range(1, 8)), "touch_hand")
_TOUCH_FIXED = ("touch_left_finger", "touch_right_finger")


class PandaRobot:
    """n Pandas inside one engine; implements `protocols.robot.Robot`.

    The action is the tool's linear velocity [m/s] and angular velocity [rad/s] in the world, and
    the gripper (+1 open, -1 closed). A kinematic reference follows the filtered action within the
    published joint limits and the workspace; the joints' servos follow the reference.
    """

    def __init__(self) -> None:
        self._chain = panda.panda_chain()
        emb = panda.PANDA
        self._alpha = low_pass_gain(emb.bandwidth_fraction, emb.control_dt_s)
        self._limits = np.array(
            [
                panda.JOINT_LOWER_RAD,
                panda.JOINT_UPPER_RAD,
                panda.JOINT_USABLE_VELOCITY_RAD_S,
                # A tenth for the servos' overshoot.
                0.9 * np.array(panda.JOINT_ACCELERATION_RAD_S2),
            ]
        )
        self._box = np.array([panda.WORKSPACE_LOWER_M, panda.WORKSPACE_UPPER_M])
        self._home = np.array(panda.HOME_Q_RAD)
        self._angular_limit = emb.motion_group("tcp_angular").velocity_limit

    @property
    def embodiment(self) -> Embodiment:
        """Limits, action meaning and control rate."""
        return panda.PANDA

    @property
    def n_substeps(self) -> int:
        """Physics steps per control step."""
        return panda.N_SUBSTEPS

    def attach_to(self, spec: mujoco.MjSpec) -> None:
        """Add the arm, its base at the origin, and set the physics that its grasps need."""
        spec.attach(panda.panda_spec(), prefix=_PREFIX, frame=spec.worldbody.add_frame())
        option = spec.option
        option.timestep = panda.TIMESTEP_S
        option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        option.impratio = 10.0
        option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)

    def bind(self, engine: Engine) -> None:
        """Find the arm's joints, actuators and sensors in the compiled engine."""
        self._engine = engine
        model, n = engine.model, engine.n
        joints = [model.joint(f"{_PREFIX}joint{i}") for i in range(1, 8)]
        fingers = [model.joint(f"{_PREFIX}finger_joint{i}") for i in (1, 2)]
        self._q_adr = np.array([j.qposadr[0] for j in joints])
        self._v_adr = np.array([j.dofadr[0] for j in joints])
        self._finger_adr = np.array([j.qposadr[0] for j in fingers])
        angles = [model.actuator(f"{_PREFIX}joint{i}_angle").id for i in range(1, 8)]
        self._act_adr = np.array([model.actuator_actadr[i] for i in angles])
        self._angle_ctrl = np.array(angles)
        self._rate_ctrl = np.array(
            [model.actuator(f"{_PREFIX}joint{i}_rate").id for i in range(1, 8)]
        )
        self._finger_ctrl = np.array([model.actuator(f"{_PREFIX}finger{i}").id for i in (1, 2)])
        self._touch = [engine.sensor(_PREFIX + name) for name in (*_TOUCH, *_TOUCH_FIXED)]
        self._filtered = np.zeros((n, 7))
        self._tcp_acc = np.zeros((n, 3))
        self._q_ref, self._qd_ref = np.zeros((n, 7)), np.zeros((n, 7))
        self._mat_ref = np.tile(_DOWN, (n, 1, 1))
        self._grip_ref = np.zeros(n)
        self._angle_rate = np.zeros((n, 7))
        n_motion = self.embodiment.n_motion
        self._position, self._velocity = np.zeros((n, n_motion)), np.zeros((n, n_motion))
        self._acceleration, self._jerk = np.zeros((n, n_motion)), np.zeros((n, n_motion))

    def joints_for(self, tcp_xyz: Floats) -> Floats:
        """Joint angles with the tool point at a place and the gripper straight down.

        Args:
            tcp_xyz: Places [m], shape (m, 3).

        Returns:
            Angles [rad], shape (m, 7), a `start` for `reset`.

        Raises:
            BadConfig: If a place is out of reach.
        """
        wanted = np.ascontiguousarray(tcp_xyz, dtype=np.float64)
        q = np.tile(self._home, (len(wanted), 1))
        missed = _solve_rows(*self._chain.arrays, wanted, _DOWN, self._home, self._limits, q)
        if missed.any():
            raise BadConfig(
                f"the arm cannot reach {wanted[missed][0]} with its gripper down; the workspace"
                f" is {panda.WORKSPACE_LOWER_M} to {panda.WORKSPACE_UPPER_M}, the wrist"
                f" {panda.WRIST_REACH_M} m from the shoulder"
            )
        return q

    def reset(self, ids: Ids, start: Floats) -> None:
        """Put the arms of `ids` at rest at joint angles `start` (m, 7), gripper open."""
        engine, half = self._engine, 0.5 * panda.GRIPPER_STROKE_M
        engine.qpos[np.ix_(ids, self._q_adr)] = start
        engine.qpos[np.ix_(ids, self._finger_adr)] = half
        engine.act[np.ix_(ids, self._act_adr)] = start
        engine.ctrl[np.ix_(ids, self._finger_ctrl)] = half
        self._filtered[ids] = 0.0
        self._filtered[ids, 6] = 1.0
        self._tcp_acc[ids] = 0.0
        self._q_ref[ids], self._qd_ref[ids] = start, 0.0
        self._mat_ref[ids] = self._chain.pose(start)[1]
        self._grip_ref[ids] = panda.GRIPPER_STROKE_M

    def command(self, action: Floats) -> None:
        """Filter SI actions, shape (n, 7), and write the engine's controls for one step."""
        engine, dt = self._engine, self.embodiment.control_dt_s
        before = self._filtered[:, :3].copy()
        _command_rows(
            *self._chain.arrays,
            action,
            engine.qpos[:, self._q_adr],
            engine.qpos[:, self._finger_adr].sum(axis=1),
            engine.act[:, self._act_adr],
            self._limits,
            self._box,
            self._home,
            self._alpha,
            dt,
            self._angular_limit,
            self._filtered,
            self._q_ref,
            self._qd_ref,
            self._mat_ref,
            self._grip_ref,
            self._angle_rate,
        )
        self._tcp_acc = (self._filtered[:, :3] - before) / dt
        engine.ctrl[:, self._angle_ctrl] = self._angle_rate
        engine.ctrl[:, self._rate_ctrl] = self._qd_ref
        engine.ctrl[:, self._finger_ctrl] = 0.5 * self._grip_ref[:, None]

    def after_step(self, ids: Ids | None = None) -> None:
        """Read the engine: update `motion`. With ids, start the history of those afresh."""
        rows = np.arange(self._engine.n) if ids is None else ids
        _measure_rows(
            *self._chain.arrays,
            rows,
            ids is not None,
            self._engine.qpos[:, self._q_adr],
            self._engine.qvel[:, self._v_adr],
            _DOWN,
            self.embodiment.control_dt_s,
            self._position,
            self._velocity,
            self._acceleration,
            self._jerk,
        )

    @property
    def motion(self) -> Motion:
        """What was measured by the last `after_step`."""
        return Motion(
            position=self._position.copy(),
            velocity=self._velocity.copy(),
            acceleration=self._acceleration.copy(),
            jerk=self._jerk.copy(),
            point=self._position[:, 7:10].copy(),
        )

    def collision(self) -> NDArray[np.bool_]:
        """(n,) True where a link or the palm touches anything, or a finger something fixed."""
        hit = np.zeros(self._engine.n, dtype=np.bool_)
        for touch in self._touch:
            hit |= touch[:, 0] > 0.0
        return hit

    def proprio(self) -> NDArray[np.float32]:
        """(n, n_proprio) in the order of `Embodiment.proprio_names`."""
        n = self._engine.n
        return np.concatenate(
            [
                self._position[:, 7:10],
                np.ones((n, 1)),
                np.zeros((n, 1)),
                self._filtered[:, :3],
                self._gripper_width()[:, None],
                self._tcp_acc,
            ],
            axis=1,
        ).astype(np.float32)

    def privileged(self) -> Mapping[str, Floats]:
        """Measured tool point and gripper width; filtered commanded velocity and acceleration."""
        return {
            "tcp_pos": self._position[:, 7:10].copy(),
            "tcp_vel": self._filtered[:, :3].copy(),
            "tcp_acc": self._tcp_acc.copy(),
            "gripper_width": self._gripper_width(),
        }

    def tracking_error(self) -> float:
        """Largest distance of any joint from its reference now [rad], over all simulations."""
        return float(np.abs(self._engine.qpos[:, self._q_adr] - self._q_ref).max())

    def _gripper_width(self) -> Floats:
        return cast(Floats, self._engine.qpos[:, self._finger_adr].sum(axis=1))


@numba.njit(cache=True, nogil=True)
def _solve_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    wanted_pos: Floats,
    wanted_mat: Floats,
    home: Floats,
    limits: Floats,
    q: Floats,
) -> NDArray[np.bool_]:
    """Improve q (m, 7) in place until the tool is where wanted; True where it never got there."""
    m = q.shape[0]
    missed = np.ones(m, dtype=np.bool_)
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, 7))
    twist, posture, dq = np.empty(6), np.empty(7), np.empty(7)
    for row in range(m):
        for _ in range(100):
            forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q[row], pos, mat, jac)
            for i in range(3):
                twist[i] = wanted_pos[row, i] - pos[i]
            rotation_error(wanted_mat, mat, twist[3:])
            error = 0.0
            for i in range(6):
                error += twist[i] * twist[i]
            if error < 1e-16:
                missed[row] = False
                break
            for j in range(7):
                posture[j] = 0.1 * (home[j] - q[row, j])
            # Newton steps alone near the end: the posture's pull is of second order there.
            if error < 1e-6:
                posture[:] = 0.0
            damped_least_squares(jac, twist, posture, 1e-3, dq)
            for j in range(7):
                step = min(max(dq[j], -0.3), 0.3)
                q[row, j] = min(max(q[row, j] + step, limits[0, j] + 0.02), limits[1, j] - 0.02)
    return missed


@numba.njit(cache=True, nogil=True)
def _approach(room: float, dt: float) -> float:
    """Fastest speed towards a wall that is `room` away [m/s]; negative to come back from behind."""
    if room < 0.0:
        return max(0.5 * room / dt, -_RETURN_M_S)
    return min(np.sqrt(2.0 * _BRAKE_M_S2 * room), 0.5 * room / dt)


@numba.njit(cache=True, nogil=True)
def _command_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    action: Floats,
    q: Floats,
    width: Floats,
    act: Floats,
    limits: Floats,
    box: Floats,
    home: Floats,
    alpha: float,
    dt: float,
    angular_limit: float,
    filtered: Floats,
    q_ref: Floats,
    qd_ref: Floats,
    mat_ref: Floats,
    grip_ref: Floats,
    angle_rate: Floats,
) -> None:
    """One control step of each row: move the references, all arrays with a leading axis n."""
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, 7))
    target, twist, wall, before = np.empty(3), np.empty(6), np.empty(3), np.empty(6)
    to_wrist, turned_mat = np.empty(3), np.empty((3, 3))
    posture, dq, qd, qn = np.empty(7), np.empty(7), np.empty(7), np.empty(7)
    for row in range(action.shape[0]):
        f = filtered[row]
        for i in range(6):
            before[i] = f[i]
        linear, angular = 0.0, 0.0
        for i in range(3):
            linear += (alpha * (action[row, i] - f[i])) ** 2
            angular += (alpha * (action[row, 3 + i] - f[3 + i])) ** 2
        linear = min(1.0, _TOOL_ACCELERATION_M_S2 * dt / max(np.sqrt(linear), 1e-12))
        angular = min(1.0, _TOOL_ACCELERATION_RAD_S2 * dt / max(np.sqrt(angular), 1e-12))
        for i in range(3):
            f[i] += linear * alpha * (action[row, i] - f[i])
            f[3 + i] += angular * alpha * (action[row, 3 + i] - f[3 + i])
        f[6] += alpha * (action[row, 6] - f[6])
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q_ref[row], pos, mat, jac)

        # Walls: never faster towards one than it takes to stop there. The filter is told of this and
        # of all that follows, so that what it reports is what the reference does.
        # The arm's reach, as the distance from shoulder to wrist: back along the tool's z axis to
        # the flange's side, then along the sixth link.
        c, sn = np.cos(0.25 * np.pi - q_ref[row, 6]), np.sin(0.25 * np.pi - q_ref[row, 6])
        stretch = 0.0
        for i in range(3):
            side = mat[i, 0] * c + mat[i, 1] * sn
            to_wrist[i] = -panda.WRIST_TO_TCP_M[0] * side - panda.WRIST_TO_TCP_M[1] * mat[i, 2]
            wall[i] = pos[i] + to_wrist[i]
        wall[2] -= panda.SHOULDER_HEIGHT_M
        stretch = max(np.sqrt(wall[0] ** 2 + wall[1] ** 2 + wall[2] ** 2), 1e-9)
        for i in range(3):
            wall[i] /= stretch
        outward = 0.0
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            turned = f[3 + j] * to_wrist[k] - f[3 + k] * to_wrist[j]
            outward += wall[i] * (f[i] + turned)
        too_fast = max(outward - _approach(panda.WRIST_REACH_M[1] - stretch, dt), 0.0)
        too_fast += min(outward + _approach(stretch - panda.WRIST_REACH_M[0], dt), 0.0)
        for i in range(3):
            # The box comes last: the table is a part of it.
            f[i] -= too_fast * wall[i]
            f[i] = min(f[i], _approach(box[1, i] - pos[i], dt))
            f[i] = max(f[i], -_approach(pos[i] - box[0, i], dt))
            target[i] = pos[i] + f[i] * dt
            twist[i] = f[i] * dt
        speed = np.sqrt(f[3] ** 2 + f[4] ** 2 + f[5] ** 2)
        if speed > angular_limit:
            for i in range(3, 6):
                f[i] *= angular_limit / speed

        # The commanded orientation turns by the commanded rate alone: what drift the joints have
        # is an error to be corrected, and with no rate commanded the gripper keeps its direction.
        # While the arm cannot follow, it does not turn on.
        rotation_error(mat_ref[row], mat, twist[3:])
        ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        growing = twist[3] * f[3] + twist[4] * f[4] + twist[5] * f[5] > 0.0
        if ahead < _MAX_TURN_RAD or not growing:
            turned_mat[:] = mat_ref[row]
            rotate(turned_mat, f[3:6] * dt)
            # The gripper may lean, but not further than this.
            if turned_mat[2, 2] < _LEAN_COSINE or turned_mat[2, 2] < mat_ref[row, 2, 2]:
                mat_ref[row] = turned_mat
            else:
                f[3], f[4] = 0.0, 0.0
            rotation_error(mat_ref[row], mat, twist[3:])
            ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        turn = min(1.0, _MAX_TURN_RAD / max(ahead, 1e-12))
        for i in range(3, 6):
            twist[i] *= turn

        for j in range(7):
            posture[j] = _POSTURE_RATE * dt * (home[j] - q_ref[row, j])
        damped_least_squares(jac, twist, posture, _DAMPING, dq)
        for j in range(7):
            qn[j] = q_ref[row, j] + dq[j]
            posture[j] = 0.0
        # A second Newton step: the tool's path is straight to within micrometres.
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, qn, pos, mat, jac)
        for i in range(3):
            twist[i] = target[i] - pos[i]
        rotation_error(mat_ref[row], mat, twist[3:])
        ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        turn = min(1.0, _MAX_TURN_RAD / max(ahead, 1e-12))
        for i in range(3, 6):
            twist[i] *= turn
        damped_least_squares(jac, twist, posture, _DAMPING, dq)

        scale = 1.0
        for j in range(7):
            qd[j] = (qn[j] + dq[j] - q_ref[row, j]) / dt
            scale = min(scale, limits[2, j] / max(abs(qd[j]), 1e-12))
        blend = 1.0
        for j in range(7):
            qd[j] *= scale
            change = abs(qd[j] - qd_ref[row, j]) / dt
            blend = min(blend, limits[3, j] / max(change, 1e-12))
        for i in range(6):
            f[i] = before[i] + blend * (scale * f[i] - before[i])
        for j in range(7):
            v = qd_ref[row, j] + blend * (qd[j] - qd_ref[row, j])
            room = max(limits[1, j] - _JOINT_MARGIN_RAD - q_ref[row, j], 0.0)
            v = min(v, np.sqrt(limits[3, j] * room), room / dt)
            room = max(q_ref[row, j] - limits[0, j] - _JOINT_MARGIN_RAD, 0.0)
            v = max(v, -np.sqrt(limits[3, j] * room), -room / dt)
            # A blocked arm: the reference waits within reach of the servo.
            lead = min(max(q_ref[row, j] - q[row, j], -_MAX_LEAD_RAD), _MAX_LEAD_RAD)
            nxt = q[row, j] + lead + v * dt
            qd_ref[row, j] = (nxt - q_ref[row, j]) / dt
            q_ref[row, j] = nxt
            angle_rate[row, j] = (nxt - act[row, j]) / dt

        wanted = 0.5 * (f[6] + 1.0) * panda.GRIPPER_STROKE_M
        travel = panda.GRIPPER_SPEED_M_S * dt
        wanted = min(max(wanted, grip_ref[row] - travel), grip_ref[row] + travel)
        wanted = min(max(wanted, width[row] - _MAX_GRIP_LEAD_M), width[row] + _MAX_GRIP_LEAD_M)
        grip_ref[row] = min(max(wanted, 0.0), panda.GRIPPER_STROKE_M)


@numba.njit(cache=True, nogil=True)
def _measure_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    rows: Ids,
    afresh: bool,
    q: Floats,
    qd: Floats,
    down: Floats,
    dt: float,
    position: Floats,
    velocity: Floats,
    acceleration: Floats,
    jerk: Floats,
) -> None:
    """Measured motion of `rows` from q, qd (n, 7) into the (n, 13) arrays."""
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, 7))
    turn, v = np.empty(3), np.empty(13)
    for row in rows:
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q[row], pos, mat, jac)
        rotation_error(mat, down, turn)
        for j in range(7):
            position[row, j] = q[row, j]
            v[j] = qd[row, j]
        for i in range(3):
            position[row, 7 + i] = pos[i]
            position[row, 10 + i] = turn[i]
        for i in range(6):
            total = 0.0
            for j in range(7):
                total += jac[i, j] * qd[row, j]
            v[7 + i] = total
        for i in range(13):
            a = 0.0 if afresh else (v[i] - velocity[row, i]) / dt
            jerk[row, i] = 0.0 if afresh else (a - acceleration[row, i]) / dt
            acceleration[row, i] = a
            velocity[row, i] = v[i]
