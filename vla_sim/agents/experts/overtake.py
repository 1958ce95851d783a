"""Overtake: beside the named vehicle, past it, and back in front of it."""

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

_VEHICLE = ("vehicle_rear_x", "vehicle_front_x", "vehicle_speed")


@dataclass(frozen=True, kw_only=True)
class OvertakeExpertConfig(LaneExpertConfig):
    """Settings of OvertakeExpert."""

    motion: LaneMotionConfig = field(
        default_factory=lambda: LaneMotionConfig(clear_m=1.2, merge_gap_m=4.0)
    )
    ahead_m: float = 5.5
    """Between the vehicle's front end and the car's rear when the car turns back."""
    standstill_gap_m: float = 1.5
    time_gap_s: float = 0.4

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "OvertakeExpert":
        """The expert for one car."""
        return OvertakeExpert(self, embodiment, manners)


class OvertakeExpert(LaneExpert[OvertakeExpertConfig]):
    """Passes on the asked side; on the other one it falls back first."""

    reads = (*CAR_STATE, "goal_lane_y", "goal_side", *_VEHICLE)
    goals_of = "goal_lane_y"

    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """Past the goal's vehicle on the goal's side."""
        row = np.arange(len(goal))
        lane_y, side = state["goal_lane_y"][row, goal], np.sign(state["goal_side"][row, goal])
        rear, front, speed = (state[name][row, goal] for name in _VEHICLE)
        motion = self.config.motion
        x, y = state["pose"][:, 0], state["pose"][:, 1]
        until = front + self.config.ahead_m + motion.length_m
        # Beside the vehicle on the wrong side: stay there and fall back.
        beside = (x + motion.length_m > rear) & (x < until)
        wrong = beside & ((y - lane_y) * side < 0.0)
        passing = lane_y + np.where(wrong, -side, side) * motion.lane_width_m
        behind = x + motion.length_m <= rear
        return lane_order(
            passing,
            until=np.where(wrong, np.inf, until),
            until_speed=speed,
            then=lane_y,
            lead=np.where(wrong, rear, np.inf),
            lead_speed=speed,
            own_lead=np.where(behind, rear, np.inf),
            own_lead_speed=speed,
            standstill_gap=np.full(len(goal), self.config.standstill_gap_m),
            time_gap=np.full(len(goal), self.config.time_gap_s),
        )
