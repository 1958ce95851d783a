"""Layout: things lie further apart, and where training never puts them."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.spread import Spread

WIDER_PER_SEVERITY = 0.07
"""Share of the training range's width: further out, things would leave the picture."""


class Layout(Axis):
    """Places of things spread further than in training."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """A wider layout."""
        return replace(plain, spread=Spread(layout=WIDER_PER_SEVERITY * severity))
