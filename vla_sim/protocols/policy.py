"""Policy: from what is seen and told to a chunk of actions."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.observation import PolicyInput


class Policy(Protocol):
    """A pure function of its input: no hidden state, so episodes do not depend on their batch."""

    @property
    def needs_images(self) -> bool:
        """Whether cameras have to be rendered for it."""
        ...

    @property
    def n_action_steps(self) -> int:
        """How many steps of a chunk are executed before the next call."""
        ...

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """Normalised actions, shape (m, k, n_act) with k >= n_action_steps."""
        ...
