"""Distractors: solid things stand around that nobody asks for."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.spread import Spread

MORE_PER_SEVERITY = 2


class Distractors(Axis):
    """Things of other shapes and tones at the border of where the robot works."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """More things."""
        return replace(plain, spread=Spread(n_distractors=MORE_PER_SEVERITY * severity))

    def distractors(self, severity: int) -> bool:
        """The things must be there before they can be shown."""
        return True
