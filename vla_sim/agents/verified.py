"""The verified policy: several chunks are proposed, and what fits best is run."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.aligned import padded
from vla_sim.agents.ensemble import ENSEMBLE, TemporalEnsemble
from vla_sim.envs.language.rephrase import wordings
from vla_sim.errors import BadConfig
from vla_sim.protocols.chunk_model import ProposingModel
from vla_sim.ranges import whole
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE, N_ACTION_STEPS


class VerifiedPolicy:
    """Proposes by other words of the same meaning, and lets the aligned space weigh them.

    Where the grammar cannot read what was said there are no other words, and the model's own chunk
    is run.
    """

    needs_images = True

    def __init__(
        self,
        model: ProposingModel,
        *,
        proposals: int,
        guidance: float = 1.0,
        n_action_steps: int = N_ACTION_STEPS,
        ensemble: float = ENSEMBLE,
    ) -> None:
        """A policy around a model.

        Args:
            model: Proposes, and says where everything lies on the sphere.
            proposals: How many chunks are proposed at each decision, 1 for the model's own alone.
            guidance: See `ProposingModel.propose`.
            n_action_steps: Steps that are run before it is asked again.
            ensemble: See `TemporalEnsemble`.

        Raises:
            BadConfig: If there is no proposal, or more steps are run than a chunk has.
        """
        whole(1, proposals=proposals)
        if not 1 <= n_action_steps <= CHUNK_SIZE:
            raise BadConfig(f"n_action_steps is {n_action_steps}; use 1 to {CHUNK_SIZE}")
        self.model = model
        self.n_action_steps = n_action_steps
        self.guidance = guidance
        self.ensemble = TemporalEnsemble(ensemble, n_action_steps=n_action_steps)
        self.proposals = proposals

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what the rows `ids` had begun."""
        self.ensemble.reset(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """What proposals agree on, in the width and the range of the robot's actions."""
        (images,) = told.observation.images.values()
        found = self.model.propose(
            told.task_id,
            images,
            padded(told.observation.proprio),
            [wordings(said.text, self.proposals) for said in told.instructions],
            guidance=self.guidance,
        )
        n_act = told.embodiment.n_act
        own = replace(found, chunk=found.chunk[..., :n_act]).agreed(switched(told.embodiment))
        return self.ensemble.blended(told, np.clip(own, -1.0, 1.0))


def switched(embodiment: Embodiment) -> NDArray[np.bool_]:
    """Which action components are switched and not led, as a gripper is, (n_act,)."""
    sizes = [group.size for group in embodiment.action]
    return np.repeat([group.motion is None for group in embodiment.action], sizes)
