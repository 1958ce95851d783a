"""Replay: the actions of episodes that were run before, step by step."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.streams import own_seed
from vla_sim.records.episode import Episode
from vla_sim.records.observation import PolicyInput


class ReplayPolicy:
    """Repeats the actions of episodes: equal worlds then do the same again.

    It knows an episode by the seed that whoever acts there gets for itself.
    With it an episode can be seen through another camera, or in larger pictures, than the policy
    had that acted in it.
    """

    needs_images = False
    n_action_steps = 1

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self._actions = {
            own_seed(episode.spec.task_id, episode.spec.seed): episode.actions
            for episode in episodes
        }

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The recorded action of each row's step, shape (m, 1, n_act)."""
        pairs = zip(told.own_seed.tolist(), told.step.tolist(), strict=True)
        return np.stack([self._actions[seed][step][None] for seed, step in pairs])
