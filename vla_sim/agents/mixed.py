"""The mixed policy of DAgger: the expert in some stretches of an episode, the learner in others."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.policy import Policy
from vla_sim.records.observation import PolicyInput

_STRETCH_STEPS = 16
"""Who acts is drawn anew after so many steps: long enough for the learner to err its own way."""


class MixedPolicy:
    """Acts as the expert with probability `expert_share`, as the learner otherwise.

    Who acts follows from the episode's seed and step alone.

    Source:
        Ross et al., "A reduction of imitation learning to no-regret online learning", 2011.
    """

    needs_images = True

    def __init__(self, expert: Policy, learner: Policy, expert_share: float = 1.0) -> None:
        self.expert = expert
        self.learner = learner
        self.expert_share = expert_share
        self.n_action_steps = learner.n_action_steps

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """Chunks of whoever acts in each row."""
        expert_acts = self.expert_acts(told.seed, told.step)
        chunk = self.expert.chunk(told)
        if not expert_acts.all():
            mine = np.flatnonzero(~expert_acts)
            learnt = self.learner.chunk(rows_of(told, mine))
            width = chunk.shape[2]
            length = min(chunk.shape[1], learnt.shape[1])
            chunk = chunk[:, :length].copy()
            chunk[mine] = learnt[:, :length, :width]
        return chunk

    def expert_acts(self, seed: NDArray[np.int64], step: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(m,) whether the expert acts in each row."""
        stretch = seed.astype(np.uint64) * np.uint64(1_000_003)
        stretch += (step // _STRETCH_STEPS).astype(np.uint64)
        # One round of the splitmix64 mixer: neighbouring stretches get unrelated draws.
        mixed = (stretch ^ (stretch >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        unit = (mixed ^ (mixed >> np.uint64(31))).astype(np.float64) / 2.0**64
        return unit < self.expert_share


def rows_of(told: PolicyInput, rows: NDArray[np.int64]) -> PolicyInput:
    """The input of some rows only."""
    seen = told.observation
    return PolicyInput(
        observation=type(seen)(
            images={name: images[rows] for name, images in seen.images.items()},
            proprio=seen.proprio[rows],
            time_s=seen.time_s[rows],
        ),
        instructions=[told.instructions[row] for row in rows],
        task_id=told.task_id,
        seed=told.seed[rows],
        step=told.step[rows],
        privileged={name: values[rows] for name, values in told.privileged.items()},
        goal=told.goal[rows],
        manner=told.manner[rows],
    )
