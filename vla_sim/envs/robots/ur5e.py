"""The arm of the extra `ur5e`: a UR5e with a Robotiq 2F-85."""

from vla_sim.assets import ur5e
from vla_sim.envs.robots.arm import ArmConfig
from vla_sim.envs.robots.arm_body import ReachBounds
from vla_sim.envs.robots.gripper import GripperConfig

UR5E_ARM = ArmConfig(
    embodiment=ur5e.UR5E,
    manners=ur5e.UR5E_MANNERS,
    make_spec=ur5e.ur5e_spec,
    joints=ur5e.JOINTS,
    tool_site=ur5e.TOOL_SITE,
    gripper=GripperConfig(
        joints=(ur5e.DRIVER_JOINT,),
        actuators=(ur5e.GRIPPER_ACTUATOR,),
        width_m=ur5e.GRIPPER_WIDTH_M,
        position=ur5e.GRIPPER_DRIVER_RAD,
        control_per_position=ur5e.GRIPPER_CONTROL_PER_RAD,
        speed_m_s=ur5e.GRIPPER_SPEED_M_S,
        lead_m=0.024,
    ),
    links=ur5e.LINKS,
    fingers=ur5e.FINGERS,
    home_q_rad=ur5e.HOME_Q_RAD,
    # Margins for the servos' overshoot.
    velocity_rad_s=tuple(0.94 * v for v in ur5e.JOINT_VELOCITY_RAD_S),
    acceleration_rad_s2=tuple(0.87 * a for a in ur5e.JOINT_ACCELERATION_RAD_S2),
    workspace_lower_m=ur5e.WORKSPACE_LOWER_M,
    workspace_upper_m=ur5e.WORKSPACE_UPPER_M,
    reach=ReachBounds(
        nearest_m=ur5e.WRIST_REACH_M[0],
        farthest_m=ur5e.WRIST_REACH_M[1],
        side_m=ur5e.WRIST_SIDE_M,
        along_m=ur5e.WRIST_ALONG_M,
        side_turn_rad=ur5e.WRIST_TURN_RAD,
        shoulder_height_m=ur5e.SHOULDER_HEIGHT_M,
    ),
    timestep_s=ur5e.TIMESTEP_S,
    n_substeps=ur5e.N_SUBSTEPS,
)
