"""Start: the robot starts where training never starts it."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.spread import Spread

WIDER_PER_SEVERITY = 0.15
"""Share of the training range's width."""


class Start(Axis):
    """The robot's start spreads further than in training."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """A wider start."""
        return replace(plain, spread=Spread(start=WIDER_PER_SEVERITY * severity))
