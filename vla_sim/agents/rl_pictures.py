"""Raw sight for agents that learn to see: picture, proprioception, and words as bytes."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.envs.faces.spaces import encode_instruction, observation_space
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput


class PictureObserver:
    """An `Observer` whose observations are those of the Gymnasium environments."""

    def space(self, body: Embodiment, image_size: int) -> spaces.Dict:
        """A Dict of `image`, `proprio` and `instruction`."""
        return observation_space(body, image_size)

    def see(self, told: PolicyInput) -> dict[str, NDArray[Any]]:
        """Arrays of shape (m, ...)."""
        (images,) = told.observation.images.values()
        words = [encode_instruction(instruction.text) for instruction in told.instructions]
        return {
            "image": images,
            "proprio": told.observation.proprio.astype(np.float32),
            "instruction": np.stack(words),
        }
