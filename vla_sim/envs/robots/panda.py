"""PandaRobot: the arm of this package's own model, with Franka's published numbers."""

from vla_sim.assets import panda
from vla_sim.envs.robots.arm import ArmConfig, ArmRobot
from vla_sim.envs.robots.arm_body import ReachBounds
from vla_sim.envs.robots.gripper import GripperConfig

PANDA_ARM = ArmConfig(
    embodiment=panda.PANDA,
    manners=panda.PANDA_MANNERS,
    make_spec=panda.panda_spec,
    make_chain=panda.panda_chain,
    joints=tuple(f"joint{i}" for i in range(1, 8)),
    tool_site="tcp",
    gripper=GripperConfig(
        joints=("finger_joint1", "finger_joint2"),
        actuators=("finger1", "finger2"),
        width_m=(0.0, panda.GRIPPER_STROKE_M),
        position=(0.0, 0.5 * panda.GRIPPER_STROKE_M),
        speed_m_s=panda.GRIPPER_SPEED_M_S,
        lead_m=panda.GRIPPER_LEAD_M,
    ),
    links=(*(f"link{i}" for i in range(1, 8)), "hand"),
    fingers=("left_finger", "right_finger"),
    home_q_rad=panda.HOME_Q_RAD,
    # Margins for the servos' overshoot.
    velocity_rad_s=tuple(0.96 * v for v in panda.JOINT_USABLE_VELOCITY_RAD_S),
    acceleration_rad_s2=tuple(0.87 * a for a in panda.JOINT_ACCELERATION_RAD_S2),
    workspace_lower_m=panda.WORKSPACE_LOWER_M,
    workspace_upper_m=panda.WORKSPACE_UPPER_M,
    reach=ReachBounds(
        nearest_m=panda.WRIST_REACH_M[0],
        farthest_m=panda.WRIST_REACH_M[1],
        side_m=panda.WRIST_TO_TCP_M[0],
        along_m=panda.WRIST_TO_TCP_M[1],
        side_turn_rad=-panda.HAND_TURN_RAD,
        shoulder_height_m=panda.SHOULDER_HEIGHT_M,
    ),
    timestep_s=panda.TIMESTEP_S,
    n_substeps=panda.N_SUBSTEPS,
)


class PandaRobot(ArmRobot):
    """n Pandas inside one engine."""

    def __init__(self) -> None:
        super().__init__(PANDA_ARM)
