"""The wrist camera: it goes with the hand of an arm, and does not turn with it."""

import mujoco

from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.errors import BadConfig
from vla_sim.protocols.robot import Robot
from vla_sim.records.camera import CameraSpec

_FORWARD_M, _ABOVE_M, _FOV_DEG = 0.13, 0.083, 80.0
"""Beside the tool and above its point, looking down at the fingertips."""


def wrist_camera(robot: Robot, model: mujoco.MjModel) -> CameraSpec:
    """The camera at the hand of an arm in a compiled model.

    Raises:
        BadConfig: If the robot is no arm with a hand.
    """
    if not isinstance(robot, ArmRobot):
        raise BadConfig(
            f"the robot {robot.embodiment.name!r} has no wrist to carry a camera; of the cameras "
            "it has 'scene' alone"
        )
    site = model.site(robot.config.prefix + robot.config.tool_site)
    tool_z = -float(site.pos[2])  # the hand's frame is above the tool point, which points down
    return CameraSpec(
        name="wrist",
        position=(_FORWARD_M, 0.0, tool_z + _ABOVE_M),
        target=(0.01, 0.0, tool_z - 0.017),
        fov_y_deg=_FOV_DEG,
        follow_body=model.body(int(site.bodyid[0])).name,
        follow_axes="xyz",
    )
