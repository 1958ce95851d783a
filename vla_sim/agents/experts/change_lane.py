"""ChangeLane: into the named lane and along it, behind whoever drives there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE
from vla_sim.agents.experts.lane_expert import LEADS, LaneExpert, LaneExpertConfig, behind_leads
from vla_sim.agents.experts.lane_motion import LaneOrder
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ChangeLaneExpertConfig(LaneExpertConfig):
    """Settings of ChangeLaneExpert."""

    standstill_gap_m: float = 2.0
    time_gap_s: float = 0.6

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "ChangeLaneExpert":
        """The expert for one car."""
        return ChangeLaneExpert(self, embodiment, manners)


class ChangeLaneExpert(LaneExpert[ChangeLaneExpertConfig]):
    """Critically damped lane change with gap keeping."""

    reads = (*CAR_STATE, "goal_lane_y", *LEADS)
    goals_of = "goal_lane_y"
    may_be_infinite = LEADS

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """Behind whoever drives in the goal's lane."""
        return behind_leads(
            state,
            goal,
            standstill_gap=np.full(len(goal), self.config.standstill_gap_m),
            time_gap=np.full(len(goal), self.config.time_gap_s),
        )
