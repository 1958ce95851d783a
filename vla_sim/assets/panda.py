"""Panda: the numbers of a Franka Emika Panda, each with its source, and its model."""

from pathlib import Path

import mujoco
import numpy as np

from vla_sim.physics.kinematics import Chain
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup
from vla_sim.records.manner import Manner, MannerProfile

CONTROL_DT_S = 0.05
TIMESTEP_S = 1.0 / 300.0
N_SUBSTEPS = 15

_FCI = "Franka Control Interface documentation, 'Robot and interface specifications', Panda"
_RATE = "libfranka, include/franka/rate_limiting.h"

# Denavit-Hartenberg parameters after Craig, a [m], d [m], alpha [rad]; FCI documentation.
DH_A_M = (0.0, 0.0, 0.0, 0.0825, -0.0825, 0.0, 0.088)
DH_D_M = (0.333, 0.0, 0.316, 0.0, 0.384, 0.0, 0.0)
DH_ALPHA_RAD = (0.0, -np.pi / 2, np.pi / 2, np.pi / 2, -np.pi / 2, np.pi / 2, np.pi / 2)
FLANGE_D_M = 0.107
TCP_D_M = 0.1034
"""From the flange to the point between the fingertips; Franka Hand, product manual."""
HAND_TURN_RAD = -np.pi / 4

# C. Gaz et al., "Dynamic identification of the Franka Emika Panda robot with retrieval of
# feasible parameters using penalty-based optimization", RA-L 4(4), 2019, links 1 to 7.
LINK_MASS_KG = (4.970684, 0.646926, 3.228604, 3.587895, 1.225946, 1.666555, 0.735522)
HAND_MASS_KG = 0.73
"""Franka Hand, as in franka_ros' inertial.yaml and MuJoCo Menagerie."""

JOINT_LOWER_RAD = (-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973)
JOINT_UPPER_RAD = (2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973)
JOINT_VELOCITY_RAD_S = (2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61)
JOINT_ACCELERATION_RAD_S2 = (15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0)
JOINT_JERK_RAD_S3 = (7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0)
JOINT_USABLE_VELOCITY_RAD_S = (2.129, 2.152, 2.144, 2.137, 2.564, 2.549, 2.549)
"""What libfranka leaves of the velocity limits after its margin for lost packets."""
JOINT_TORQUE_NM = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)

GRIPPER_STROKE_M = 0.08
GRIPPER_SPEED_M_S = 0.1
"""Both fingers together: 50 mm/s each; Franka Hand, product manual."""
GRIPPER_LEAD_M = 0.024
"""The servos are saturated when the commanded opening is this far from the measured one [m]."""
GRIPPER_FORCE_N = 20.0
"""Per finger; the hand's continuous force is 70 N, and small objects need less."""
FINGERTIP_M = 0.01
"""From the tool point down to the ends of the fingers."""
FINGER_HALF_M = 0.013
"""Half of a finger pad's width, across the direction in which the fingers open."""

WORKSPACE_LOWER_M = (0.25, -0.45, 0.015)
"""The fingertips reach 1 cm below the tool point: they stop 5 mm above the table."""
WORKSPACE_UPPER_M = (0.80, 0.45, 0.60)
SHOULDER_HEIGHT_M = DH_D_M[0]
WRIST_REACH_M = (0.27, 0.67)
"""How near and far the wrist (joint 6) may be from the shoulder: 0.2 folds the elbow to its limit,
0.70 stretches it."""
WRIST_TO_TCP_M = (DH_A_M[6], FLANGE_D_M + TCP_D_M)
"""From joint 6: along the sixth link, then along the tool."""

YAW_RANGE_RAD = 1.4
YAW_RATE_RAD_S = 1.4
YAW_ACCELERATION_RAD_S2 = 8.0
"""What a turn of the tool about the vertical, either way, can be made with. Over x 0.38 to 0.62,
y -0.2 to 0.2 and z 0.06 to 0.30 m the action for it stays in range, the last joint uses half of its
speed and acceleration and keeps 0.2 rad from its ends, and the tool point moves by 0.2 mm."""

WORST_ACCELERATION_M_S2 = 2.4
"""What joint 2, the slowest, can give at the tool in its worst direction. A quarter of it is what
MoveIt's joint_limits.yaml for the Panda plans with."""

HOME_Q_RAD = (0.0, -0.25943176, 0.0, -2.43148466, 0.0, 2.17205290, 0.78539816)
"""Tool point at (0.45, 0, 0.30), gripper straight down, fingers opening along y."""

PANDA = Embodiment(
    name="panda",
    control_dt_s=CONTROL_DT_S,
    action=(
        ActionGroup(
            name="linear",
            size=3,
            unit="m/s",
            order=1,
            scale=0.8,
            motion="tcp_linear",
            held="commanded_velocity_x",
            held_rate="commanded_acceleration_x",
        ),
        ActionGroup(name="angular", size=3, unit="rad/s", order=1, scale=1.5, motion="tcp_angular"),
        ActionGroup(name="gripper", size=1, unit="1", order=0, scale=1.0, motion=None),
    ),
    motion=(
        *(
            MotionGroup(
                name=f"joint{i + 1}",
                size=1,
                unit="rad",
                velocity_limit=JOINT_VELOCITY_RAD_S[i],
                acceleration_limit=JOINT_ACCELERATION_RAD_S2[i],
                jerk_limit=JOINT_JERK_RAD_S3[i],
                position_lower=JOINT_LOWER_RAD[i],
                position_upper=JOINT_UPPER_RAD[i],
                source=f"positions: {_FCI}; derivatives: {_RATE}",
            )
            for i in range(7)
        ),
        MotionGroup(
            name="tcp_linear",
            size=3,
            unit="m",
            velocity_limit=1.7,
            acceleration_limit=13.0,
            jerk_limit=6500.0,
            source=_RATE,
        ),
        MotionGroup(
            name="tcp_angular",
            size=3,
            unit="rad",
            velocity_limit=2.5,
            acceleration_limit=25.0,
            jerk_limit=12500.0,
            source=_RATE,
        ),
    ),
    proprio_names=(
        "tcp_x",
        "tcp_y",
        "tcp_z",
        "cos_yaw",
        "sin_yaw",
        "commanded_velocity_x",
        "commanded_velocity_y",
        "commanded_velocity_z",
        "gripper_width",
        "commanded_acceleration_x",
        "commanded_acceleration_y",
        "commanded_acceleration_z",
    ),
    bandwidth_fraction=0.4,
    comfort_acceleration=0.25 * WORST_ACCELERATION_M_S2,
)

PANDA_MANNERS: dict[Manner, MannerProfile] = {
    "normal": MannerProfile(
        motion_group="tcp_linear",
        velocity=0.35,
        acceleration=1.6,
        jerk=16.0,
        typical_speed_band=(0.15, 0.40),
        peak_acceleration=2.6,
        peak_jerk=45.0,
        still_speed=0.02,
    ),
    "slowly": MannerProfile(
        motion_group="tcp_linear",
        velocity=0.12,
        acceleration=0.42,
        jerk=6.0,
        typical_speed_band=(0.05, 0.15),
        peak_acceleration=1.0,
        peak_jerk=20.0,
        still_speed=0.02,
    ),
    "quickly": MannerProfile(
        motion_group="tcp_linear",
        velocity=0.7,
        acceleration=2.4,
        jerk=30.0,
        typical_speed_band=(0.25, 0.80),
        peak_acceleration=4.0,
        peak_jerk=80.0,
        still_speed=0.02,
    ),
    "smoothly": MannerProfile(
        motion_group="tcp_linear",
        velocity=0.3,
        acceleration=0.5,
        jerk=4.0,
        typical_speed_band=(0.10, 0.35),
        peak_acceleration=1.1,
        peak_jerk=12.0,
        still_speed=0.02,
    ),
    "gently": MannerProfile(
        motion_group="tcp_linear",
        velocity=0.18,
        acceleration=0.4,
        jerk=3.0,
        typical_speed_band=(0.06, 0.22),
        peak_acceleration=0.8,
        peak_jerk=9.0,
        still_speed=0.02,
    ),
}
"""Nothing is planned beyond `WORST_ACCELERATION_M_S2`; what is slow, smooth or gentle so that no
joint passes a quarter of its limit (`eval.comfort.ArmComfort`)."""


def panda_spec() -> mujoco.MjSpec:
    """The arm alone, base at the origin."""
    return mujoco.MjSpec.from_file(str(Path(__file__).with_name("panda.xml")))


def panda_chain() -> Chain:
    """The arm's kinematics from the base to the tool point, from the Denavit-Hartenberg table."""
    pos, mat = np.zeros((7, 3)), np.zeros((7, 3, 3))
    for i, (a, d, alpha) in enumerate(zip(DH_A_M, DH_D_M, DH_ALPHA_RAD, strict=True)):
        c, s = np.cos(alpha), np.sin(alpha)
        pos[i] = a, -s * d, c * d
        mat[i] = [[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]
    c, s = np.cos(HAND_TURN_RAD), np.sin(HAND_TURN_RAD)
    return Chain(
        offset_pos=pos,
        offset_mat=mat,
        tool_pos=np.array([0.0, 0.0, FLANGE_D_M + TCP_D_M]),
        tool_mat=np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]),
    )
