"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.follow_lead import FollowLeadConfig
from vla_sim.envs.tasks.keep_lane import TIGHT_BEND, KeepLaneConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.overtake import OvertakeConfig
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.envs.tasks.stop_at_line import StopAtLineConfig
from vla_sim.envs.tasks.yield_to_pedestrian import YieldToPedestrianConfig
from vla_sim.errors import UnknownName
from vla_sim.protocols.task import Task


class TaskConfig(Protocol):
    """Settings that know how to build their task."""

    def build(self) -> Task:
        """The task with these settings."""
        ...


TASKS: Mapping[str, TaskConfig] = {
    "vla_sim/Reach-v1": ReachConfig(),
    "vla_sim/Lift-v1": LiftConfig(),
    "vla_sim/DriveToGoal-v1": DriveToGoalConfig(),
    "vla_sim/ChangeLane-v1": ChangeLaneConfig(),
    "vla_sim/KeepLane-v0": KeepLaneConfig(),
    "vla_sim/KeepLaneTight-v0": KeepLaneConfig(line=TIGHT_BEND),
    "vla_sim/StopAtLine-v0": StopAtLineConfig(),
    "vla_sim/StopAtLineRank-v0": StopAtLineConfig(by_rank=True),
    "vla_sim/YieldToPedestrian-v0": YieldToPedestrianConfig(),
    "vla_sim/YieldToPedestrianTwo-v0": YieldToPedestrianConfig(n_pedestrians=2, horizon_s=30.0),
    "vla_sim/FollowLead-v0": FollowLeadConfig(),
    "vla_sim/FollowLeadThree-v0": FollowLeadConfig(
        n_lanes=3, vehicle_lanes=(0, 2), start_lanes=(1,)
    ),
    "vla_sim/Overtake-v0": OvertakeConfig(),
    "vla_sim/OvertakeTwo-v0": OvertakeConfig(
        vehicle_lanes=(2, 0), goals=((0, "right"), (1, "left"))
    ),
}
"""Gymnasium id to settings; the order is that of `StepTriples.task`."""

RETIRED: Mapping[str, str] = {
    "vla_sim/Reach-v0": "vla_sim/Reach-v1",
    "vla_sim/Lift-v0": "vla_sim/Lift-v1",
    "vla_sim/DriveToGoal-v0": "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v0": "vla_sim/ChangeLane-v1",
}
"""What is no longer made, and what replaces it: v0 had fewer words and one manner less."""

TASK_IDS: tuple[str, ...] = tuple(TASKS)


def make_task(task_id: str) -> Task:
    """Build the task called `task_id`.

    Raises:
        UnknownName: If there is no such task.
    """
    if task_id in RETIRED:
        raise UnknownName("task", task_id, (RETIRED[task_id],))
    if task_id not in TASKS:
        raise UnknownName("task", task_id, TASKS)
    return TASKS[task_id].build()
