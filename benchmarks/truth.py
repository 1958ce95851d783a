"""Truth: what the simulator's labels say of the goal that each simulation is asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.records.teacher_input import TeacherInput

OF_GOALS = ("chunk", "goal_point", "has_point", "held")
"""Columns of labels that have an entry for each goal."""


class Truth:
    """Labels of a crank's task while somebody acts in it."""

    def __init__(self, crank: Crank, table: TaskTable | None = None) -> None:
        expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
        self.labeller = Labeller(crank, expert, table)

    def of(self, known: TeacherInput) -> dict[str, NDArray[Any]]:
        """Those of m simulations now, (m, ...): OF_GOALS of the goal asked for, and `hazard`."""
        now = known.told
        (images,) = now.observation.images.values()
        rows = self.labeller.rows(now.row, np.ones(len(now), dtype=np.bool_), images)
        each = np.arange(len(now)), known.goal
        return {**{name: rows[name][each] for name in OF_GOALS}, "hazard": rows["hazard"]}
