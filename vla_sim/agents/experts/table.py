"""Which expert teaches which task."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.agents.experts.change_lane import ChangeLaneExpertConfig
from vla_sim.agents.experts.drive_to_goal import DriveToGoalExpertConfig
from vla_sim.agents.experts.follow_lead import FollowLeadExpertConfig
from vla_sim.agents.experts.keep_lane import KeepLaneExpertConfig
from vla_sim.agents.experts.lift import LiftExpertConfig
from vla_sim.agents.experts.overtake import OvertakeExpertConfig
from vla_sim.agents.experts.reach import ReachExpertConfig
from vla_sim.agents.experts.stop_at_line import StopAtLineExpertConfig
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
