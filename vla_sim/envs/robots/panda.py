"""PandaRobot: tool twist and gripper to joint references, by resolved rates."""

import math
from collections.abc import Mapping

import mujoco
import numba
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets import panda
from vla_sim.envs.robots.panda_reference import command_rows
from vla_sim.errors import BadConfig
from vla_sim.physics.filters import low_pass_gain
from vla_sim.physics.inverse_kinematics import solve_rows
from vla_sim.physics.kinematics import forward_one, rotation_error
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_PREFIX = "panda/"
_DOWN = np.diag([1.0, -1.0, -1.0])
_YAW_ROUNDING_RAD = 1e-6
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
                # Margins for the servos' overshoot.
                0.96 * np.array(panda.JOINT_USABLE_VELOCITY_RAD_S),
                0.87 * np.array(panda.JOINT_ACCELERATION_RAD_S2),
            ]
        )
        self._box = np.array([panda.WORKSPACE_LOWER_M, panda.WORKSPACE_UPPER_M])
        self._reach = np.array(
            [*panda.WRIST_REACH_M, *panda.WRIST_TO_TCP_M, panda.SHOULDER_HEIGHT_M]
        )
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
        # Commanded yaw, its cosine and sine, and the difference quotient of its rate.
        self._yaw, self._yaw_acc = np.tile([0.0, 1.0, 0.0], (n, 1)), np.zeros(n)
        self._yaw_zero = np.zeros(n)
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
        missed = solve_rows(*self._chain.arrays, wanted, _DOWN, self._home, self._limits, q)
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
        self._yaw_acc[ids] = 0.0
        _yaw_rows(ids, True, self._mat_ref, self._yaw_zero, self._yaw)
        self._grip_ref[ids] = panda.GRIPPER_STROKE_M

    def command(self, action: Floats) -> None:
        """Filter SI actions, shape (n, 7), and write the engine's controls for one step."""
        engine, dt = self._engine, self.embodiment.control_dt_s
        before = self._filtered[:, :6].copy()
        command_rows(
            *self._chain.arrays,
            np.ascontiguousarray(action, dtype=np.float64),
            np.take(engine.qpos, self._q_adr, axis=1),
            self._gripper_width(),
            np.take(engine.act, self._act_adr, axis=1),
            self._limits,
            self._box,
            self._reach,
            self._home,
            self._alpha,
            dt,
            self._angular_limit,
            panda.GRIPPER_STROKE_M,
            panda.GRIPPER_SPEED_M_S,
            self._filtered,
            self._q_ref,
            self._qd_ref,
            self._mat_ref,
            self._grip_ref,
            self._angle_rate,
        )
        self._tcp_acc = (self._filtered[:, :3] - before[:, :3]) / dt
        self._yaw_acc = (self._filtered[:, 5] - before[:, 5]) / dt
        _yaw_rows(np.arange(engine.n), False, self._mat_ref, self._yaw_zero, self._yaw)
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
            np.take(self._engine.qpos, self._q_adr, axis=1),
            np.take(self._engine.qvel, self._v_adr, axis=1),
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
        return np.concatenate(
            [
                self._position[:, 7:10],
                self._yaw[:, 1:],
                self._filtered[:, :3],
                self._gripper_width()[:, None],
                self._tcp_acc,
            ],
            axis=1,
        ).astype(np.float32)

    def privileged(self) -> Mapping[str, Floats]:
        """Measured tool point and gripper width; filtered commanded velocity and acceleration.

        The tool's yaw is the commanded one [rad], exactly 0 while no turn was ever commanded.
        """
        return {
            "tcp_pos": self._position[:, 7:10].copy(),
            "tcp_vel": self._filtered[:, :3].copy(),
            "tcp_acc": self._tcp_acc.copy(),
            "tcp_yaw": self._yaw[:, 0].copy(),
            "tcp_yaw_rate": self._filtered[:, 5].copy(),
            "tcp_yaw_acc": self._yaw_acc.copy(),
            "gripper_width": self._gripper_width(),
        }

    def tracking_error(self) -> float:
        """Largest distance of any joint from its reference now [rad], over all simulations."""
        return float(np.abs(self._engine.qpos[:, self._q_adr] - self._q_ref).max())

    def _gripper_width(self) -> Floats:
        left, right = self._finger_adr
        return self._engine.qpos[:, left] + self._engine.qpos[:, right]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _yaw_rows(rows: Ids, afresh: bool, mat_ref: Floats, zero: Floats, yaw: Floats) -> None:
    """Yaw of the commanded orientations (n, 3, 3) of `rows`, its cosine and sine into (n, 3).

    `zero` (n,) keeps what inverse kinematics leaves of a start straight down, to be taken off.
    """
    for row in rows:
        angle = math.atan2(mat_ref[row, 1, 0], mat_ref[row, 0, 0])
        if afresh:
            zero[row] = angle if abs(angle) < _YAW_ROUNDING_RAD else 0.0
        yaw[row, 0] = angle - zero[row]
        yaw[row, 1], yaw[row, 2] = math.cos(yaw[row, 0]), math.sin(yaw[row, 0])


@numba.njit(cache=True, nogil=True, error_model="numpy")
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
