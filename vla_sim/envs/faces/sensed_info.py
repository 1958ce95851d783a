"""What `info` says of the robot's senses and of the camera, beside the observation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank


def sensed_info(crank: Crank, ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Of the simulations `ids`, each of shape (m, ...).

    Arms have "joints" (d,) [rad] and "tool_pose" (7,): position [m] and quaternion (w, x, y, z), in
    the world. All have "camera_intrinsics" (3, 3) [px] and "camera_to_world" (4, 4), both as OpenCV
    has them.
    """
    lens, stands = crank.view.matrices(ids)
    body = crank.posture(ids)
    told = {} if body is None else {"joints": body.joints, "tool_pose": body.tool}
    return {**told, "camera_intrinsics": lens, "camera_to_world": stands}
