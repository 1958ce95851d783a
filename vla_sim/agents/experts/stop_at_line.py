"""StopAtLine: along the lane, and to a stop before the named line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE
from vla_sim.agents.experts.lane_expert import LaneExpert, LaneExpertConfig
from vla_sim.agents.experts.lane_motion import LaneOrder, lane_order
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StopAtLineExpertConfig(LaneExpertConfig):
    """Settings of StopAtLineExpert."""

    before_m: float = 0.7
    """The front bumper stops this far before the line."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "StopAtLineExpert":
        """The expert for one car."""
        return StopAtLineExpert(self, embodiment, manners)


class StopAtLineExpert(LaneExpert[StopAtLineExpertConfig]):
    """Brakes as late as the manner likes."""

    reads = (*CAR_STATE, "lane_y", "line_x")
    goals_of = "line_x"

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """To the goal's line."""
        line_x = state["line_x"][np.arange(len(goal)), goal]
        return lane_order(state["lane_y"], stop=line_x - self.config.before_m)
