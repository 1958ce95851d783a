"""FollowLead: into the lane of the named vehicle, and behind it at the named distance."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE
from vla_sim.agents.experts.lane_expert import LaneExpert, LaneExpertConfig
from vla_sim.agents.experts.lane_motion import LaneMotionConfig, LaneOrder, lane_order
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEADS = ("lead_x", "lead_speed", "own_lead_x", "own_lead_speed")


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

    reads = (*CAR_STATE, "goal_lane_y", "time_gap_s", *_LEADS)
    goals_of = "goal_lane_y"
    may_be_infinite = _LEADS

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """Behind the goal's vehicle."""
        row = np.arange(len(goal))
        return lane_order(
            state["goal_lane_y"][row, goal],
            lead=state["lead_x"][row, goal],
            lead_speed=state["lead_speed"][row, goal],
            own_lead=state["own_lead_x"],
            own_lead_speed=state["own_lead_speed"],
            time_gap=state["time_gap_s"][row, goal],
        )
