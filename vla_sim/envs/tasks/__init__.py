"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.pick_place import PickPlaceConfig
from vla_sim.envs.tasks.place_relative import PlaceRelativeConfig
from vla_sim.envs.tasks.push_to_region import PushToRegionConfig
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.envs.tasks.sort_by_colour import SortByColourConfig
from vla_sim.envs.tasks.stack import StackConfig
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
    "vla_sim/PickPlace-v0": PickPlaceConfig(),
    "vla_sim/PickPlaceMany-v0": PickPlaceConfig(n_objects=3, n_pads=3),
    "vla_sim/Stack-v0": StackConfig(),
    "vla_sim/StackMany-v0": StackConfig(n_objects=4),
    "vla_sim/PlaceRelative-v0": PlaceRelativeConfig(),
    "vla_sim/PlaceRelativeMany-v0": PlaceRelativeConfig(n_objects=4),
    "vla_sim/SortByColour-v0": SortByColourConfig(),
    "vla_sim/SortByColourMany-v0": SortByColourConfig(n_objects=5),
    "vla_sim/PushToRegion-v0": PushToRegionConfig(),
    "vla_sim/PushToRegionMany-v0": PushToRegionConfig(n_objects=3),
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
