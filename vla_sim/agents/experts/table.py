"""Which expert teaches which task."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.agents.experts.change_lane import ChangeLaneExpertConfig
from vla_sim.agents.experts.close_drawer import CloseDrawerExpertConfig
from vla_sim.agents.experts.drive_to_goal import DriveToGoalExpertConfig
from vla_sim.agents.experts.lift import LiftExpertConfig
from vla_sim.agents.experts.open_drawer import OpenDrawerExpertConfig
from vla_sim.agents.experts.press_button import PressButtonExpertConfig
from vla_sim.agents.experts.reach import ReachExpertConfig
from vla_sim.agents.experts.trace_path import TracePathExpertConfig
from vla_sim.agents.experts.turn_knob import TurnKnobExpertConfig
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
}


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
    if task_id not in EXPERTS:
        raise UnknownName("expert for the task", task_id, EXPERTS)
    return EXPERTS[task_id].build(embodiment, manners)
