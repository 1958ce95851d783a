"""Servos and touch for an arm from elsewhere: the pair of actuators per joint that ours have."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco

from vla_sim.errors import UnknownName

_FOUND_ONLY, _NO_REDUCTION, _ONE = 1, 0, 1


@dataclass(frozen=True, kw_only=True)
class JointServo:
    """One joint and what drives it."""

    joint: str
    stiffness_nm_rad: float
    damping_nms_rad: float
    torque_nm: float
    lower_rad: float
    upper_rad: float


def use_servos(spec: mujoco.MjSpec, servos: Sequence[JointServo]) -> None:
    """Take the joints' own actuators away and give each an angle and the damping of its rate.

    The angle moves linearly within a control step, the damping acts on the speed error: together
    they track a ramp without lag. They are called `<joint>_angle` and `<joint>_rate`. All bodies
    bear their own weight, as a controller makes them do that knows the arm's dynamics.

    Args:
        spec: The arm, changed in place.
        servos: One for each joint.

    Raises:
        UnknownName: If the arm has no such joint.
    """
    joints = {joint.name: joint for joint in spec.joints}
    for servo in servos:
        if servo.joint not in joints:
            raise UnknownName("joint in the arm's model", servo.joint, joints)
    driven = {servo.joint for servo in servos}
    for actuator in list(spec.actuators):
        if actuator.target in driven:
            spec.delete(actuator)
    for key in list(spec.keys):
        spec.delete(key)
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0
    for servo in servos:
        joint = joints[servo.joint]
        joint.range = [servo.lower_rad, servo.upper_rad]
        joint.actfrcrange = [-servo.torque_nm, servo.torque_nm]
    for servo in servos:
        angle = _actuator(spec, f"{servo.joint}_angle", servo.joint)
        angle.set_to_intvelocity(kp=servo.stiffness_nm_rad)
        angle.actrange = [servo.lower_rad, servo.upper_rad]
    for servo in servos:
        _actuator(spec, f"{servo.joint}_rate", servo.joint).set_to_velocity(
            kv=servo.damping_nms_rad
        )


def use_touch(spec: mujoco.MjSpec, links: Sequence[str], fingers: Sequence[str]) -> None:
    """Sensors `touch_<body>`: of links against anything, of fingers against what is fixed.

    Args:
        spec: The arm, changed in place.
        links: Names of bodies that must not touch anything.
        fingers: Names of bodies that must not touch what is fixed.
    """
    for name in (*links, *fingers):
        sensor = spec.add_sensor(
            name=f"touch_{name}",
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=mujoco.mjtObj.mjOBJ_BODY,
            objname=name,
            intprm=[_FOUND_ONLY, _NO_REDUCTION, _ONE],
        )
        if name in fingers:
            sensor.reftype, sensor.refname = mujoco.mjtObj.mjOBJ_BODY, "world"


def _actuator(spec: mujoco.MjSpec, name: str, joint: str) -> mujoco.MjsActuator:
    return spec.add_actuator(name=name, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
