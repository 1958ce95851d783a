"""The mixed policy of DAgger: the expert in some stretches of an episode, the learner in others."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.protocols.policy import Policy, StatefulPolicy
from vla_sim.protocols.teacher import Teacher
from vla_sim.records.teacher_input import TeacherInput

_STRETCH_STEPS = 16
"""Who acts is drawn anew after so many steps: long enough for the learner to err its own way."""


class MixedPolicy:
    """Acts as the expert with probability `expert_share`, as the learner otherwise.

    It is a teacher, since the expert is one; the learner in it is given what any policy is. Who
    acts follows from the episode's seed and step alone. A learner that remembers sees the steps
    in which it acts, and no others.

    Source:
        Ross et al., "A reduction of imitation learning to no-regret online learning", 2011.
    """

    needs_images = True

    def __init__(self, expert: Teacher) -> None:
        """The expert alone, until a learner joins."""
        self.expert = expert
        self.n_action_steps = expert.n_action_steps
        self.learner: Policy | None = None
        self.expert_share = 1.0

    def share_with(self, learner: Policy | None, expert_share: float) -> None:
        """Let a learner act from now on, in the place of another or of none.

        Args:
            learner: Who acts beside the expert; None: the expert acts always.
            expert_share: In [0, 1].

        Raises:
            BadConfig: If the learner is asked more or less often than the expert: it would meet
                other states here than where it acts alone.
        """
        if learner is not None and learner.n_action_steps != self.n_action_steps:
            raise BadConfig(
                f"the expert runs {self.n_action_steps} steps of a chunk, and the learner "
                f"{learner.n_action_steps}; give both the same n_action_steps"
            )
        self.learner = learner
        self.expert_share = 1.0 if learner is None else expert_share

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Pass on that new episodes begin in the rows `ids`."""
        if isinstance(self.learner, StatefulPolicy):
            self.learner.reset(ids)

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """Chunks of whoever acts in each row."""
        chunk = self.expert.teach(known)
        mine = np.flatnonzero(~self.expert_acts(known.seed, known.told.step))
        if self.learner is not None and len(mine):
            learnt = self.learner.chunk(known.told.take(mine))
            length = min(chunk.shape[1], learnt.shape[1])
            chunk = chunk[:, :length].copy()
            chunk[mine] = learnt[:, :length]
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
