"""FollowLead: into the lane of the named vehicle, and behind it at the named distance."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE
from vla_sim.agents.experts.lane_expert import LEADS, LaneExpert, LaneExpertConfig, behind_leads
from vla_sim.agents.experts.lane_motion import LaneMotionConfig, LaneOrder
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FollowLeadExpertConfig(LaneExpertConfig):
    """Settings of FollowLeadExpert."""

    motion: LaneMotionConfig = field(default_factory=lambda: LaneMotionConfig(gap_rate=0.8))

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "FollowLeadExpert":
        """The expert for one car."""
        return FollowLeadExpert(self, embodiment, manners)


class FollowLeadExpert(LaneExpert[FollowLeadExpertConfig]):
    """Keeps a time gap."""

    reads = (*CAR_STATE, "goal_lane_y", "time_gap_s", *LEADS)
    goals_of = "goal_lane_y"
    may_be_infinite = LEADS

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """Behind the goal's vehicle."""
        time_gap = state["time_gap_s"][np.arange(len(goal)), goal]
        return behind_leads(state, goal, time_gap=time_gap)
