"""KeepLane: into the named lane of a winding road, and along it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE
from vla_sim.agents.experts.lane_expert import LaneExpert
from vla_sim.agents.experts.lane_motion import LaneMotionConfig, LaneOrder, lane_order
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class KeepLaneExpertConfig:
    """Settings of KeepLaneExpert."""

    motion: LaneMotionConfig = field(default_factory=LaneMotionConfig)

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "KeepLaneExpert":
        """The expert for one car."""
        return KeepLaneExpert(self, embodiment, manners)


class KeepLaneExpert(LaneExpert):
    """Follows a lane; bends are slowed down for where the manner wants that."""

    reads = (*CAR_STATE, "goal_offset", "road")
    goals_of = "goal_offset"

    def __init__(
        self,
        config: KeepLaneExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(config.motion, embodiment, manners)

    def centre_line(self, state: Mapping[str, Floats]) -> Floats:
        """The road's."""
        return state["road"]

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """In the goal's lane."""
        return lane_order(state["goal_offset"][np.arange(len(goal)), goal])
