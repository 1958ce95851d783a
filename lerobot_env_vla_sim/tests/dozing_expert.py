"""An expert that sleeps through every third scene, and keeps what it did in which moment."""

import numpy as np
from numpy.typing import NDArray

from moments import key_of
from vla_sim.agents.controls import expert_policy
from vla_sim.envs.tasks import make_task
from vla_sim.records.teacher_input import TeacherInput

DONE: dict[bytes, NDArray[np.float32]] = {}
"""{moment: the action, (n_act,)}."""


class DozingExpert:
    """A teacher of vla-sim whose success is neither 0 nor 1."""

    needs_images = True
    n_action_steps = 1

    def __init__(self, task_id: str) -> None:
        self._expert = expert_policy(task_id, make_task(task_id))

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """The expert's next action, (m, 1, n_act), or none."""
        actions = np.array(self._expert.teach(known)[:, :1], dtype=np.float32)
        actions[known.seed % 3 == 0] = 0.0
        seen = known.told.observation
        (pictures,) = seen.images.values()
        for row, said in enumerate(known.told.instructions):
            DONE[key_of(pictures[row], seen.proprio[row], said.text)] = actions[row, 0]
        return actions
