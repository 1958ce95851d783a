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
from vla_sim.envs.tasks import family_of, settings_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.protocols.expert import Expert
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


class ExpertConfig(Protocol):
    """Settings that know how to make their expert."""

    def build(self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> Expert:
        """The expert for one robot under these manners."""
        ...


EXPERTS: Mapping[str, ExpertConfig] = {
    "Reach": ReachExpertConfig(),
    "Lift": LiftExpertConfig(),
    "vla_sim/LiftRelations-v0": LiftExpertConfig(widest_m=0.0515),
    "PushToRegion": PushExpertConfig(),
    "PickPlace": CarryExpertConfig(),
    "Stack": CarryExpertConfig(
        stays_m=0.015, stays_above_m=0.006, place_funnel_m=0.020, place_tolerance_m=0.014
    ),
    "PlaceRelative": CarryExpertConfig(),
    "SortByColour": CarryExpertConfig(),
    "OpenDrawer": OpenDrawerExpertConfig(),
    "CloseDrawer": CloseDrawerExpertConfig(),
    "PressButton": PressButtonExpertConfig(),
    "TurnKnob": TurnKnobExpertConfig(),
    "TracePath": TracePathExpertConfig(),
    "vla_sim/TracePathCurvy-v0": TracePathExpertConfig(ahead_m=0.046, stride_m=0.012),
    "DriveToGoal": DriveToGoalExpertConfig(),
    "KeepLane": KeepLaneExpertConfig(),
    "ChangeLane": ChangeLaneExpertConfig(),
    "TurnAtIntersection": WayExpertConfig(),
    "Park": WayExpertConfig(),
    "Slalom": WayExpertConfig(lateral_acceleration=1.8),
    "vla_sim/SlalomClose-v0": WayExpertConfig(lateral_acceleration=1.5),
    "StopAtLine": StopAtLineExpertConfig(),
    "YieldToPedestrian": YieldToPedestrianExpertConfig(),
    "FollowLead": FollowLeadExpertConfig(),
    "Overtake": OvertakeExpertConfig(),
}
"""By what a task and its variants are called together; the id of a variant goes before it."""


def expert_config_for(task_id: str) -> ExpertConfig:
    """The settings of a task's expert: for one of the user's own those that it brings, if it does.

    Raises:
        UnknownName: If there is no such task, or no expert teaches it.
        BadConfig: If it is one of the user's own, and cannot be loaded or has no expert.
    """
    if is_foreign(task_id):
        brought: ExpertConfig | None = getattr(settings_of(task_id), "expert", None)
        if brought is not None:
            return brought
    for name in (task_id, family_of(task_id)):
        if name in EXPERTS:
            return EXPERTS[name]
    if is_foreign(task_id):
        raise BadConfig(
            f"no expert teaches {task_id}: give its settings one, expert = ReachExpertConfig() for "
            "example, or make them of a class of settings that has one"
        )
    raise UnknownName("expert for the task", task_id, EXPERTS)


def expert_for(
    task_id: str, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
) -> Expert:
    """The expert of a task.

    Args:
        task_id: Gymnasium id of the task.
        embodiment: The task's robot.
        manners: What each manner means in this task.

    Raises:
        UnknownName: If there is no such task, or no expert teaches it.
        BadConfig: As in `expert_config_for`.
    """
    return expert_config_for(task_id).build(embodiment, manners)
