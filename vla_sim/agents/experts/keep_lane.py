"""KeepLane: into the named lane of a winding road, and along it."""

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
class KeepLaneExpertConfig(LaneExpertConfig):
    """Settings of KeepLaneExpert."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "KeepLaneExpert":
        """The expert for one car."""
        return KeepLaneExpert(self, embodiment, manners)


class KeepLaneExpert(LaneExpert[KeepLaneExpertConfig]):
    """Follows a lane; bends are slowed down for where the manner wants that."""

    reads = (*CAR_STATE, "goal_offset", "road")
    goals_of = "goal_offset"

    def centre_line(self, state: Mapping[str, Floats]) -> Floats:
        """The road's."""
        return state["road"]

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """In the goal's lane."""
        return lane_order(state["goal_offset"][np.arange(len(goal)), goal])
