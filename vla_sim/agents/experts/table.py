"""Which expert teaches which task."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.agents.experts.carry import CarryExpertConfig
from vla_sim.agents.experts.change_lane import ChangeLaneExpertConfig
from vla_sim.agents.experts.close_drawer import CloseDrawerExpertConfig
from vla_sim.agents.experts.drive_to_goal import DriveToGoalExpertConfig
from vla_sim.agents.experts.follow_lead import FollowLeadExpertConfig
from vla_sim.agents.experts.keep_lane import KeepLaneExpertConfig
from vla_sim.agents.experts.lift import LiftExpertConfig
from vla_sim.agents.experts.open_drawer import OpenDrawerExpertConfig
from vla_sim.agents.experts.overtake import OvertakeExpertConfig
from vla_sim.agents.experts.press_button import PressButtonExpertConfig
from vla_sim.agents.experts.push import PushExpertConfig
from vla_sim.agents.experts.reach import ReachExpertConfig
from vla_sim.agents.experts.stop_at_line import StopAtLineExpertConfig
from vla_sim.agents.experts.trace_path import TracePathExpertConfig
from vla_sim.agents.experts.turn_knob import TurnKnobExpertConfig
from vla_sim.agents.experts.way import WayExpertConfig
from vla_sim.agents.experts.yield_to_pedestrian import YieldToPedestrianExpertConfig
from vla_sim.errors import UnknownName
from vla_sim.protocols.expert import Expert
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


class ExpertConfig(Protocol):
    """Settings that know how to make their expert."""

    def build(self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> Expert:
        """The expert for one robot under these manners."""
        ...


EXPERTS: dict[str, ExpertConfig] = {
    "vla_sim/Reach-v1": ReachExpertConfig(),
    "vla_sim/Lift-v1": LiftExpertConfig(),
    "vla_sim/DriveToGoal-v1": DriveToGoalExpertConfig(),
    "vla_sim/ChangeLane-v1": ChangeLaneExpertConfig(),
    "vla_sim/TurnAtIntersection-v0": WayExpertConfig(),
    "vla_sim/TurnAtIntersectionTee-v0": WayExpertConfig(),
    "vla_sim/Park-v0": WayExpertConfig(),
    "vla_sim/ParkOrdinals-v0": WayExpertConfig(),
    "vla_sim/ParkTight-v0": WayExpertConfig(),
    "vla_sim/Slalom-v0": WayExpertConfig(lateral_acceleration=1.8),
    "vla_sim/SlalomClose-v0": WayExpertConfig(lateral_acceleration=1.5),
    "vla_sim/SlalomCurved-v0": WayExpertConfig(lateral_acceleration=1.8),
    "vla_sim/DriveToGoalCluttered-v0": DriveToGoalExpertConfig(),
    "vla_sim/ChangeLaneDense-v0": ChangeLaneExpertConfig(),
    "vla_sim/PressButton-v0": PressButtonExpertConfig(),
    "vla_sim/PressButtonOrdinals-v0": PressButtonExpertConfig(),
    "vla_sim/OpenDrawer-v0": OpenDrawerExpertConfig(),
    "vla_sim/OpenDrawerMany-v0": OpenDrawerExpertConfig(),
    "vla_sim/OpenDrawerSides-v0": OpenDrawerExpertConfig(),
    "vla_sim/CloseDrawer-v0": CloseDrawerExpertConfig(),
    "vla_sim/CloseDrawerMany-v0": CloseDrawerExpertConfig(),
    "vla_sim/CloseDrawerSides-v0": CloseDrawerExpertConfig(),
    "vla_sim/TurnKnob-v0": TurnKnobExpertConfig(),
    "vla_sim/TurnKnobSides-v0": TurnKnobExpertConfig(),
    "vla_sim/TracePath-v0": TracePathExpertConfig(),
    "vla_sim/TracePathCurvy-v0": TracePathExpertConfig(ahead_m=0.046, stride_m=0.012),
    "vla_sim/PickPlace-v0": CarryExpertConfig(),
    "vla_sim/PickPlaceMany-v0": CarryExpertConfig(),
    "vla_sim/Stack-v0": CarryExpertConfig(stays_m=0.015, stays_above_m=0.006),
    "vla_sim/StackMany-v0": CarryExpertConfig(stays_m=0.015, stays_above_m=0.006),
    "vla_sim/PlaceRelative-v0": CarryExpertConfig(),
    "vla_sim/PlaceRelativeMany-v0": CarryExpertConfig(),
    "vla_sim/SortByColour-v0": CarryExpertConfig(),
    "vla_sim/SortByColourMany-v0": CarryExpertConfig(),
    "vla_sim/PushToRegion-v0": PushExpertConfig(),
    "vla_sim/PushToRegionMany-v0": PushExpertConfig(),
    "vla_sim/ReachRelations-v0": ReachExpertConfig(),
    "vla_sim/LiftRelations-v0": LiftExpertConfig(widest_m=0.0515),
    "vla_sim/DriveToGoalRelations-v0": DriveToGoalExpertConfig(),
    "vla_sim/KeepLane-v0": KeepLaneExpertConfig(),
    "vla_sim/KeepLaneTight-v0": KeepLaneExpertConfig(),
    "vla_sim/StopAtLine-v0": StopAtLineExpertConfig(),
    "vla_sim/StopAtLineRank-v0": StopAtLineExpertConfig(),
    "vla_sim/YieldToPedestrian-v0": YieldToPedestrianExpertConfig(),
    "vla_sim/YieldToPedestrianTwo-v0": YieldToPedestrianExpertConfig(),
    "vla_sim/FollowLead-v0": FollowLeadExpertConfig(),
    "vla_sim/FollowLeadThree-v0": FollowLeadExpertConfig(),
    "vla_sim/Overtake-v0": OvertakeExpertConfig(),
    "vla_sim/OvertakeTwo-v0": OvertakeExpertConfig(),
}

GUEST_EXPERTS: dict[str, ExpertConfig] = {
    "vla_sim/ReachUR5e-v0": ReachExpertConfig(),
    "vla_sim/LiftUR5e-v0": LiftExpertConfig(),
}
"""For `envs.tasks.GUEST_TASKS`."""


def expert_for(
    task_id: str, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
) -> Expert:
    """The expert of a task.

    Args:
        task_id: Gymnasium id of the task.
        embodiment: The task's robot.
        manners: What each manner means in this task.

    Raises:
        UnknownName: If no expert teaches the task.
    """
    known = {**EXPERTS, **GUEST_EXPERTS}
    if task_id not in known:
        raise UnknownName("expert for the task", task_id, known)
    return known[task_id].build(embodiment, manners)
