"""Which expert teaches which task."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.agents.experts.change_lane import ChangeLaneExpertConfig
from vla_sim.agents.experts.drive_to_goal import DriveToGoalExpertConfig
from vla_sim.agents.experts.lift import LiftExpertConfig
from vla_sim.agents.experts.reach import ReachExpertConfig
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
    "vla_sim/ReachRelations-v0": ReachExpertConfig(),
    "vla_sim/LiftRelations-v0": LiftExpertConfig(widest_m=0.0515),
    "vla_sim/DriveToGoalRelations-v0": DriveToGoalExpertConfig(),
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
