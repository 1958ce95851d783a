"""The aligned policy: what the trained decoder does with a picture and words."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.ensemble import ENSEMBLE, TemporalEnsemble
from vla_sim.errors import BadConfig
from vla_sim.protocols.chunk_model import ChunkModel
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE, N_ACTION_STEPS, N_PROPRIO


class AlignedPolicy:
    """Sees pictures, proprioception and words, and goes on with what it had begun."""

    needs_images = True

    def __init__(
        self,
        model: ChunkModel,
        *,
        n_action_steps: int = N_ACTION_STEPS,
        ensemble: float = ENSEMBLE,
    ) -> None:
        """A policy around a model.

        Args:
            model: Looks and decides.
            n_action_steps: Steps that are run before it is asked again.
            ensemble: See `TemporalEnsemble`.

        Raises:
            BadConfig: If the ensemble's share is out of range, or more steps are run than a chunk
                has.
        """
        if not 1 <= n_action_steps <= CHUNK_SIZE:
            raise BadConfig(f"n_action_steps is {n_action_steps}; use 1 to {CHUNK_SIZE}")
        self.model = model
        self.n_action_steps = n_action_steps
        self.ensemble = TemporalEnsemble(ensemble, n_action_steps=n_action_steps)

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what the rows `ids` had begun."""
        self.ensemble.reset(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The model's chunk for each row, in the width and the range of the robot's actions."""
        (images,) = told.observation.images.values()
        texts = [instruction.text for instruction in told.instructions]
        proprio = padded(told.observation.proprio)
        return self.settled(told, self.model.act(told.task_id, images, proprio, texts))

    def settled(self, told: PolicyInput, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is run of the model's chunks (m, K, N_ACT): the robot's share, blended."""
        own = np.clip(chunk[:, :, : told.embodiment.n_act], -1.0, 1.0)
        return self.ensemble.blended(told, own)


def padded(proprio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Proprioception (m, n_proprio) widened with zeros to (m, N_PROPRIO)."""
    wide = np.zeros((len(proprio), N_PROPRIO), dtype=np.float32)
    wide[:, : proprio.shape[1]] = proprio
    return wide
