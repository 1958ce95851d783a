"""ArmRobot: tool twist and gripper to joint references, by resolved rates, for any serial arm."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm_body import ArmBody
from vla_sim.envs.robots.arm_measurement import measure_rows, yaw_rows
from vla_sim.envs.robots.arm_reference import MAX_LEAD_RAD
from vla_sim.envs.robots.joint_reference import DOWN, JointReference, limits_of
from vla_sim.envs.robots.reference_governor import Governor
from vla_sim.errors import BadConfig
from vla_sim.physics.chain import chain_of
from vla_sim.physics.inverse_kinematics import solve_rows
from vla_sim.physics.kinematics import Chain
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_DOWN_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class ArmConfig(ArmBody):
    """Settings of ArmRobot: the body that it drives."""

    def build(self) -> "ArmRobot":
        """The robot with these settings."""
        return ArmRobot(self)


class ArmRobot:
    """n arms inside one engine; implements `protocols.robot.Robot`.

    The action is the tool's linear velocity [m/s] and angular velocity [rad/s] in the world, and
    the gripper (+1 open, -1 closed). A kinematic reference follows the filtered action within the
    joints' limits and the workspace; the joints' servos follow the reference.
    """

    def __init__(self, config: ArmConfig) -> None:
        self.config = config
        if config.make_chain is None:
            self._chain = chain_of(config.make_spec().compile(), config.joints, config.tool_site)
        else:
            self._chain = config.make_chain()
        emb = config.embodiment
        self._tool = emb.motion_slice("tcp_linear")
        self._gripper = config.gripper.build()
        self._home = np.array(config.home_q_rad)
        self.governor: Governor | None = None
        """Has the last word on the references, where there is one."""
        tool = self._chain.pose(self._home[None])[1][0]
        if np.abs(tool - DOWN).max() > _DOWN_TOLERANCE:
            raise BadConfig(
                f"at home_q_rad the tool site {config.tool_site!r} of {emb.name} must point its z"
                f" axis down and its x axis forward; its axes are {tool.T.round(3).tolist()}"
            )

    @property
    def chain(self) -> Chain:
        """Kinematics from the base to the tool point."""
        return self._chain

    @property
    def embodiment(self) -> Embodiment:
        """Limits, action meaning and control rate."""
        return self.config.embodiment

    @property
    def n_substeps(self) -> int:
        """Physics steps per control step."""
        return self.config.n_substeps

    def attach_to(self, spec: mujoco.MjSpec) -> None:
        """Add the arm, its base at the origin, and set the physics that its grasps need."""
        c = self.config
        spec.attach(c.make_spec(), prefix=c.prefix, frame=spec.worldbody.add_frame())
        option = spec.option
        option.timestep = c.timestep_s
        option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
        option.impratio = 10.0
        option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)

    def bind(self, engine: Engine) -> None:
        """Find the arm's joints, actuators and sensors in the compiled engine."""
        self._engine = engine
        model, n = engine.model, engine.n
        prefix, gripper = self.config.prefix, self.config.gripper
        names = [prefix + name for name in self.config.joints]
        joints = [model.joint(name) for name in names]
        fingers = [model.joint(prefix + name) for name in gripper.joints]
        self._q_adr = np.array([j.qposadr[0] for j in joints])
        self._v_adr = np.array([j.dofadr[0] for j in joints])
        self._finger_adr = np.array([j.qposadr[0] for j in fingers])
        angles = [model.actuator(f"{name}_angle").id for name in names]
        self._act_adr = np.array([model.actuator_actadr[i] for i in angles])
        self._angle_ctrl = np.array(angles)
        self._rate_ctrl = np.array([model.actuator(f"{name}_rate").id for name in names])
        self._finger_ctrl = np.array([model.actuator(prefix + a).id for a in gripper.actuators])
        touching = (*self.config.links, *self.config.fingers)
        self._touch = [engine.sensor(f"{prefix}touch_{name}") for name in touching]
        self._reference = JointReference(self.config, self._chain, n)
        self._tcp_acc = np.zeros((n, 3))
        # Commanded yaw, its cosine and sine, and the difference quotient of its rate.
        self._yaw, self._yaw_acc = np.tile([0.0, 1.0, 0.0], (n, 1)), np.zeros(n)
        self._yaw_zero = np.zeros(n)
        n_motion = self.embodiment.n_motion
        self._position, self._velocity = np.zeros((n, n_motion)), np.zeros((n, n_motion))
        self._acceleration, self._jerk = np.zeros((n, n_motion)), np.zeros((n, n_motion))

    def joints_for(self, tcp_xyz: Floats) -> Floats:
        """Joint angles with the tool point at a place and the gripper straight down.

        Args:
            tcp_xyz: Places [m], shape (m, 3).

        Returns:
            Angles [rad], shape (m, d), a `start` for `reset`.

        Raises:
            BadConfig: If a place is out of reach.
        """
        wanted = np.ascontiguousarray(tcp_xyz, dtype=np.float64)
        q = np.tile(self._home, (len(wanted), 1))
        limits = limits_of(self.config)
        missed = solve_rows(*self._chain.arrays, wanted, DOWN, self._home, limits, q)
        if missed.any():
            c = self.config
            raise BadConfig(
                f"the arm cannot reach {wanted[missed][0]} with its gripper down; the workspace"
                f" is {c.workspace_lower_m} to {c.workspace_upper_m}, the wrist"
                f" {c.reach.nearest_m} to {c.reach.farthest_m} m from the shoulder"
            )
        return q

    def reset(self, ids: Ids, start: Floats) -> None:
        """Put the arms of `ids` at rest at joint angles `start` (m, d), gripper open."""
        engine, opened = self._engine, np.full(1, self._gripper.stroke_m)
        engine.qpos[np.ix_(ids, self._q_adr)] = start
        engine.qpos[np.ix_(ids, self._finger_adr)] = self._gripper.position(opened)
        engine.act[np.ix_(ids, self._act_adr)] = start
        engine.ctrl[np.ix_(ids, self._finger_ctrl)] = self._gripper.control(opened)
        self._reference.reset(ids, start)
        self._tcp_acc[ids] = 0.0
        self._yaw_acc[ids] = 0.0
        yaw_rows(ids, True, self._reference.mat, self._yaw_zero, self._yaw)

    def command(self, action: Floats) -> None:
        """Filter SI actions, shape (n, 7), and write the engine's controls for one step."""
        engine, dt, ref = self._engine, self.embodiment.control_dt_s, self._reference
        before = ref.filtered[:, :6].copy()
        q = np.take(engine.qpos, self._q_adr, axis=1)
        act = np.take(engine.act, self._act_adr, axis=1)
        governor = self.governor
        led = None if governor is None else (ref.q.copy(), ref.qd.copy())
        ref.follow(action, q, self._gripper_width(), act)
        if governor is not None and led is not None:
            governor.govern(q, led, ref.q, ref.qd, ref.filtered)
            changed = governor.withheld > 0.0
            ref.angle_rate[changed] = (ref.q - act)[changed] / dt
        self._tcp_acc = (ref.filtered[:, :3] - before[:, :3]) / dt
        self._yaw_acc = (ref.filtered[:, 5] - before[:, 5]) / dt
        yaw_rows(np.arange(engine.n), False, ref.mat, self._yaw_zero, self._yaw)
        engine.ctrl[:, self._angle_ctrl] = ref.angle_rate
        engine.ctrl[:, self._rate_ctrl] = ref.qd
        engine.ctrl[:, self._finger_ctrl] = self._gripper.control(ref.opening)[:, None]

    def foreseen(self, rows: Ids, action: Floats, n_steps: int) -> tuple[Floats, Floats]:
        """Where the reference takes the tool, if nothing blocks the arm; nothing moves.

        Args:
            rows: Simulations, (m,).
            action: SI actions of this step, (m, 7); after it no motion is commanded.
            n_steps: Steps that are looked ahead.

        Returns:
            Tool points [m], (n_steps + 1, m, 3), and orientations, (n_steps + 1, m, 3, 3), the
            present first.
        """
        q = np.take(self._engine.qpos, self._q_adr, axis=1)[rows]
        return self._reference.foreseen(rows, action, q - self._reference.q[rows], n_steps)

    @property
    def reference(self) -> tuple[Floats, Floats]:
        """Where the reference has the tool now [m], (n, 3), and how it is turned, (n, 3, 3)."""
        point, mat = self._chain.pose(self._reference.q)
        return point, mat

    @property
    def joint_reference(self) -> Floats:
        """(n, d) the angles that the joints' servos are led to now [rad]."""
        return self._reference.q.copy()

    @property
    def twist(self) -> Floats:
        """(n, 6) the filtered commanded twist of the tool [m/s; rad/s]."""
        return self._reference.filtered[:, :6].copy()

    @property
    def is_blocked(self) -> NDArray[np.bool_]:
        """(n,) where something holds a joint back, so that its reference waits for it."""
        q = np.take(self._engine.qpos, self._q_adr, axis=1)
        held: NDArray[np.bool_] = np.any(np.abs(self._reference.q - q) > MAX_LEAD_RAD, axis=1)
        return held

    def after_step(self, ids: Ids | None = None) -> None:
        """Read the engine: update `motion`. With ids, start the history of those afresh."""
        rows = np.arange(self._engine.n) if ids is None else ids
        measure_rows(
            *self._chain.arrays,
            rows,
            ids is not None,
            np.take(self._engine.qpos, self._q_adr, axis=1),
            np.take(self._engine.qvel, self._v_adr, axis=1),
            DOWN,
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
            point=self._position[:, self._tool].copy(),
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
                self._position[:, self._tool],
                self._yaw[:, 1:],
                self._reference.filtered[:, :3],
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
            "tcp_pos": self._position[:, self._tool].copy(),
            "tcp_vel": self._reference.filtered[:, :3].copy(),
            "tcp_acc": self._tcp_acc.copy(),
            "tcp_yaw": self._yaw[:, 0].copy(),
            "tcp_yaw_rate": self._reference.filtered[:, 5].copy(),
            "tcp_yaw_acc": self._yaw_acc.copy(),
            "gripper_width": self._gripper_width(),
        }

    def tracking_error(self) -> float:
        """Largest distance of any joint from its reference now [rad], over all simulations."""
        return float(np.abs(self._engine.qpos[:, self._q_adr] - self._reference.q).max())

    def _gripper_width(self) -> Floats:
        return self._gripper.width(np.take(self._engine.qpos, self._finger_adr, axis=1))
