"""YieldToPedestrian: to the crosswalk, and on when it is clear."""

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
class YieldToPedestrianExpertConfig(LaneExpertConfig):
    """Settings of YieldToPedestrianExpert."""

    before_m: float = 1.0
    """The front bumper stops this far before the crosswalk."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "YieldToPedestrianExpert":
        """The expert for one car."""
        return YieldToPedestrianExpert(self, embodiment, manners)


class YieldToPedestrianExpert(LaneExpert[YieldToPedestrianExpertConfig]):
    """Stops before the crosswalk until the goal lets it drive on."""

    reads = (*CAR_STATE, "lane_y", "crosswalk_x", "clear_in_s")
    goals_of = "clear_in_s"
    may_be_infinite = ("clear_in_s",)

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """Before the crosswalk until it is clear."""
        return lane_order(
            state["lane_y"],
            stop=state["crosswalk_x"] - self.config.before_m,
            stop_for=state["clear_in_s"][np.arange(len(goal)), goal],
        )
