"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.robots.ur5e import UR5E_ARM
from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.errors import BadConfig, UnknownName
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

GUEST_TASKS: Mapping[str, TaskConfig] = {
    "vla_sim/ReachUR5e-v0": ReachConfig(robot=UR5E_ARM),
    "vla_sim/LiftUR5e-v0": LiftConfig(robot=UR5E_ARM),
}
"""Tasks for robots whose models come with an extra. Their settings do not need it, building does.
They are no part of the standard set, so triples of them are not stored."""

TASK_IDS: tuple[str, ...] = tuple(TASKS)

ENGINE_TASKS: Mapping[str, tuple[str, ...]] = {
    "pybullet": (
        "vla_sim/Reach-v1",
        "vla_sim/Lift-v1",
        "vla_sim/DriveToGoal-v1",
    ),
}
"""The tasks that are declared to run on an engine, because their experts were measured there; an
engine that is not named here runs all of them."""


def check_engine(task_id: str, engine: str) -> None:
    """Let pass a task on an engine that it is declared for.

    Raises:
        BadConfig: If the task is not declared; the error lists those that are.
    """
    declared = ENGINE_TASKS.get(engine)
    if declared is not None and task_id not in declared:
        listed = ", ".join(declared)
        raise BadConfig(f"{task_id} is not declared to run on {engine}; there are {listed}")


def make_task(task_id: str) -> Task:
    """Build the task called `task_id`.

    Raises:
        UnknownName: If there is no such task.
        MissingExtra: If its robot's model is not installed.
    """
    if task_id in RETIRED:
        raise UnknownName("task", task_id, (RETIRED[task_id],))
    known = {**TASKS, **GUEST_TASKS}
    if task_id not in known:
        raise UnknownName("task", task_id, known)
    return known[task_id].build()
