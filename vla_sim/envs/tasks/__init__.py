"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

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
    "vla_sim/Reach-v0": ReachConfig(),
    "vla_sim/Lift-v0": LiftConfig(),
    "vla_sim/DriveToGoal-v0": DriveToGoalConfig(),
    "vla_sim/ChangeLane-v0": ChangeLaneConfig(),
}
"""Gymnasium id to settings; the order is that of `StepTriples.task`."""

TASK_IDS: tuple[str, ...] = tuple(TASKS)

ENGINE_TASKS: Mapping[str, tuple[str, ...]] = {
    "mujoco": TASK_IDS,
    "pybullet": (
        "vla_sim/Reach-v0",
        "vla_sim/Lift-v0",
        "vla_sim/DriveToGoal-v0",
    ),
}
"""Engine to the tasks that are declared to run on it: their experts were measured there."""


def check_engine(task_id: str, engine: str) -> None:
    """Let pass a task on an engine that it is declared for.

    Raises:
        UnknownName: If there is no such engine or task.
        BadConfig: If the task is not declared; the error lists those that are.
    """
    if engine not in ENGINE_TASKS:
        raise UnknownName("engine", engine, ENGINE_TASKS)
    if task_id not in TASKS:
        raise UnknownName("task", task_id, TASKS)
    if task_id not in ENGINE_TASKS[engine]:
        listed = ", ".join(ENGINE_TASKS[engine])
        raise BadConfig(f"{task_id} is not declared to run on {engine}; there are {listed}")


def make_task(task_id: str) -> Task:
    """Build the task called `task_id`.

    Raises:
        UnknownName: If there is no such task.
    """
    if task_id not in TASKS:
        raise UnknownName("task", task_id, TASKS)
    return TASKS[task_id].build()
