"""The aligned policy: what the trained decoder does with a picture and words."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE, N_PROPRIO


class AlignedPolicy:
    """Sees pictures, proprioception and words."""

    needs_images = True

    def __init__(self, model: ChunkModel, *, n_action_steps: int = 2) -> None:
        if not 1 <= n_action_steps <= CHUNK_SIZE:
            raise ValueError(f"n_action_steps is {n_action_steps}; use 1 to {CHUNK_SIZE}")
        self.model = model
        self.n_action_steps = n_action_steps

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The model's chunk for each row, in the width and the range of the robot's actions."""
        (images,) = told.observation.images.values()
        texts = [instruction.text for instruction in told.instructions]
        proprio = padded(told.observation.proprio)
        chunk = self.model.act(told.task_id, images, proprio, texts)
        return np.clip(chunk[:, :, : told.embodiment.n_act], -1.0, 1.0)


def padded(proprio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Proprioception (m, n_proprio) widened with zeros to (m, N_PROPRIO)."""
    wide = np.zeros((len(proprio), N_PROPRIO), dtype=np.float32)
    wide[:, : proprio.shape[1]] = proprio
    return wide
