"""The verified policy: several chunks are proposed, and the one that fits best is run."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.aligned import padded
from vla_sim.agents.ensemble import ENSEMBLE, TemporalEnsemble
from vla_sim.envs.language.rephrase import rephrasings
from vla_sim.errors import BadConfig
from vla_sim.protocols.chunk_model import ProposingModel
from vla_sim.ranges import whole
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE

NOISED_PART = 4
"""One proposal in so many is a noised goal, the others are wordings: other words give more
different candidates than noise."""
MODES_PART = 3
"""And of those one in so many is another way that the decoder sees, where it sees several."""
NOISE = 0.05
"""Standard deviation of the noise on a goal, in units of the goal's scale."""


class VerifiedPolicy:
    """Proposes by other words, other ways and other goals, and lets the aligned space decide.

    Where the grammar cannot read what was said, there are no other words, and ways and noised goals
    are left. What is drawn comes from the episode's own generator.
    """

    needs_images = True

    def __init__(
        self,
        model: ProposingModel,
        *,
        proposals: int,
        guidance: float = 1.0,
        n_action_steps: int = 2,
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
        self.n_noised = proposals // NOISED_PART
        others = min(model.n_modes - 1, (proposals - self.n_noised) // MODES_PART)
        self.n_modes = 1 + others
        self.n_wordings = proposals - self.n_noised - others

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what the rows `ids` had begun."""
        self.ensemble.reset(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The nearest of the proposed chunks, in the width and the range of the robot's actions."""
        (images,) = told.observation.images.values()
        found = self.model.propose(
            told.task_id,
            images,
            padded(told.observation.proprio),
            [self._wordings(said.text) for said in told.instructions],
            n_modes=self.n_modes,
            noise=self._noise(told),
            guidance=self.guidance,
        )
        own = np.clip(found.nearest()[:, :, : told.embodiment.n_act], -1.0, 1.0)
        return self.ensemble.blended(told, own)

    def _wordings(self, text: str) -> list[str]:
        """What was said and its rephrasings; repeated where there are too few of them."""
        known = [text, *rephrasings(text, self.n_wordings - 1)]
        return [known[k % len(known)] for k in range(self.n_wordings)]

    def _noise(self, told: PolicyInput) -> NDArray[np.float32]:
        shape = (self.n_noised, 3)
        drawn = [NOISE * rng.standard_normal(shape) for rng in told.generators()]
        return np.array(drawn, dtype=np.float32).reshape(len(told), *shape)
