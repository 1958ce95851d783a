"""A teacher that is deaf to manners: what keeps one for it is not itself."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank
from vla_sim.records.manner import MANNERS
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import N_ACTION_STEPS


class Deaf(ExpertPolicy):
    """A task's expert that acts in the usual manner, whatever it is told."""

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """The expert's chunk in that manner."""
        usual = np.full_like(known.manner, MANNERS.index("normal"))
        return super().teach(replace(known, manner=usual))


def deaf(crank: Crank, *, n_action_steps: int = N_ACTION_STEPS) -> Deaf:
    """One for a crank's task."""
    expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
    return Deaf(expert, n_action_steps=n_action_steps)
