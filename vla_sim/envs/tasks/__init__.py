"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.reach import ReachConfig
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
    "vla_sim/ReachRelations-v0": ReachConfig(descriptions="any"),
    "vla_sim/LiftRelations-v0": LiftConfig(descriptions="any"),
    "vla_sim/DriveToGoalRelations-v0": DriveToGoalConfig(descriptions="any"),
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
