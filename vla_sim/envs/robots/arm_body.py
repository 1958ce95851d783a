"""ArmBody: what makes one serial arm another one than its neighbour, by names and numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.gripper import GripperConfig
from vla_sim.errors import BadConfig
from vla_sim.physics.kinematics import Chain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]

_N_PROPRIO = 12
_TWIST = ("linear", "angular", "gripper")
_TOOL_MOTION = ("tcp_linear", "tcp_angular")


@dataclass(frozen=True, kw_only=True)
class ReachBounds:
    """How near and far the wrist may be from the shoulder, for an arm that turns its tool last.

    The wrist is where it is seen from the tool: back along the tool's axis, then sideways, at
    `side_turn_rad` from the tool's x axis less the last joint's angle.
    """

    nearest_m: float = -np.inf
    farthest_m: float = np.inf
    side_m: float = 0.0
    along_m: float = 0.0
    side_turn_rad: float = 0.0
    shoulder_height_m: float = 0.0

    @property
    def row(self) -> Floats:
        """As the kernel takes it, shape (6,)."""
        return np.array(
            [
                self.nearest_m,
                self.farthest_m,
                self.side_m,
                self.along_m,
                self.shoulder_height_m,
                self.side_turn_rad,
            ]
        )


@dataclass(frozen=True, kw_only=True)
class ArmBody:
    """One arm with its gripper, as its controller needs to know it.

    Attributes:
        embodiment: Acts by "linear", "angular" and "gripper"; its motion is a group for each joint,
            with limits of position, then "tcp_linear" and "tcp_angular".
        manners: What each manner means for the tool.
        make_spec: The arm alone, base at the origin, with the servos and sensors of
            `assets.arm_servos`.
        make_chain: Its kinematics; taken from the compiled model where None.
        joints: Names of its joints, from the base to the tool.
        tool_site: Name of the site between the fingertips, z out of the gripper.
        gripper: Its gripper.
        links: Bodies that must not touch anything.
        fingers: Bodies that must not touch what is fixed.
        home_q_rad: Joint angles with the gripper straight down and the tool's x axis forward.
        velocity_rad_s: What the reference may use of the joints' speed,
        acceleration_rad_s2: and of their acceleration.
        workspace_lower_m: Corners of the box that the tool point stays in.
        workspace_upper_m: The other one.
        reach: How far the arm may fold and stretch.
        timestep_s: Physics step.
        n_substeps: Physics steps per control step.
    """

    embodiment: Embodiment
    manners: Mapping[Manner, MannerProfile] = field(hash=False)
    make_spec: Callable[[], mujoco.MjSpec]
    make_chain: Callable[[], Chain] | None = None
    joints: tuple[str, ...]
    tool_site: str
    gripper: GripperConfig
    links: tuple[str, ...]
    fingers: tuple[str, ...]
    home_q_rad: tuple[float, ...]
    velocity_rad_s: tuple[float, ...]
    acceleration_rad_s2: tuple[float, ...]
    workspace_lower_m: tuple[float, float, float]
    workspace_upper_m: tuple[float, float, float]
    reach: ReachBounds = ReachBounds()
    timestep_s: float
    n_substeps: int

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit each other."""
        emb, d = self.embodiment, len(self.joints)
        if tuple(group.name for group in emb.action) != _TWIST or emb.n_act != 7:
            raise BadConfig(f"{emb.name} must act by {_TWIST} of sizes 3, 3 and 1")
        groups = emb.motion
        of_joints = groups[:-2]
        if (
            len(groups) != d + 2
            or tuple(group.name for group in groups[-2:]) != _TOOL_MOTION
            or not all(g.size == 1 and np.isfinite(g.position_upper) for g in of_joints)
        ):
            raise BadConfig(
                f"the motion of {emb.name} must be {d} joints with limits of position, then"
                f" {_TOOL_MOTION}"
            )
        if emb.n_proprio != _N_PROPRIO:
            raise BadConfig(
                f"{emb.name} names {emb.n_proprio} components of proprioception; an arm's are tool"
                " point, cosine and sine of yaw, commanded velocity, opening and commanded"
                f" acceleration, {_N_PROPRIO} in all"
            )
        for name in ("home_q_rad", "velocity_rad_s", "acceleration_rad_s2"):
            if len(getattr(self, name)) != d:
                raise BadConfig(f"{name} of {emb.name} needs {d} numbers, one for each joint")
        if not np.isclose(self.timestep_s * self.n_substeps, emb.control_dt_s):
            raise BadConfig(
                f"{self.n_substeps} steps of {self.timestep_s} s are no control period of"
                f" {emb.control_dt_s} s"
            )

    @property
    def prefix(self) -> str:
        """What the names of the arm's parts begin with in a scene."""
        return f"{self.embodiment.name}/"
