"""Environments of one task, as Gymnasium makes them, and what a refused call must leave."""

from typing import Any, cast

import gymnasium
import numpy as np

from vla_sim.envs.crank import Crank
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.envs.faces.vector_env import VlaVectorEnv

REACH = "vla_sim/Reach-v1"
STILL = np.zeros((3, 7), dtype=np.float32)


def batch(n: int = 3, **kwargs: Any) -> VlaVectorEnv:
    return cast(VlaVectorEnv, gymnasium.make_vec(REACH, num_envs=n, image_size=16, **kwargs))


def single(**kwargs: Any) -> VlaEnv:
    return cast(VlaEnv, gymnasium.make(REACH, image_size=16, **kwargs))


def state(crank: Crank) -> bytes:
    """All that a refused call must leave as it was."""
    position = crank.robot.motion.position.tobytes()
    return position + crank.steps.tobytes() + crank.seed.tobytes() + repr(crank.specs).encode()
