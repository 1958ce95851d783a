"""Replay: the actions of episodes that were run before, step by step."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.streams import own_seed
from vla_sim.records.episode import Episode
from vla_sim.records.observation import PolicyInput


class ReplayPolicy:
    """Repeats the actions of episodes: equal worlds then do the same again.

    Where whoever acted failed, the episode ends again. It knows an episode by the seed that whoever
    acts there gets for itself.
    With it an episode can be seen through another camera, or in larger pictures, than the policy
    had that acted in it.
    """

    needs_images = False
    n_action_steps = 1

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self._episodes = {
            own_seed(episode.spec.task_id, episode.spec.seed): episode for episode in episodes
        }
        self._failed: dict[int, str] = {}

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Other episodes begin in the rows `ids`."""
        for row in ids.tolist():
            self._failed.pop(row, None)

    def failure(self, row: int) -> str:
        """Why whoever acted could not go on after what was repeated last."""
        return self._failed.get(row, "")

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """The recorded action of each row's step, shape (m, 1, n_act)."""
        actions = []
        rows = (told.own_seed.tolist(), told.step.tolist(), told.row.tolist())
        for seed, step, row in zip(*rows, strict=True):
            episode = self._episodes[seed]
            actions.append(episode.actions[step][None])
            if episode.policy_failure and step == episode.n_steps - 1:
                self._failed[row] = episode.policy_failure
        return np.stack(actions)
