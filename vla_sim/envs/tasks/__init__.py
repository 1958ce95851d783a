"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.close_drawer import CloseDrawerConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.open_drawer import OpenDrawerConfig
from vla_sim.envs.tasks.press_button import PressButtonConfig
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.envs.tasks.trace_path import TracePathConfig
from vla_sim.envs.tasks.turn_knob import TurnKnobConfig
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
    "vla_sim/PressButton-v0": PressButtonConfig(),
    "vla_sim/PressButtonOrdinals-v0": PressButtonConfig(
        places=("leftmost", "second", "third", "rightmost")
    ),
    "vla_sim/OpenDrawer-v0": OpenDrawerConfig(),
    "vla_sim/OpenDrawerMany-v0": OpenDrawerConfig(n_drawers=4),
    "vla_sim/OpenDrawerSides-v0": OpenDrawerConfig(places=("left", "middle", "right")),
    "vla_sim/CloseDrawer-v0": CloseDrawerConfig(),
    "vla_sim/CloseDrawerMany-v0": CloseDrawerConfig(n_drawers=4),
    "vla_sim/CloseDrawerSides-v0": CloseDrawerConfig(places=("left", "middle", "right")),
    "vla_sim/TurnKnob-v0": TurnKnobConfig(),
    "vla_sim/TurnKnobSides-v0": TurnKnobConfig(places=("left", "right")),
    "vla_sim/TracePath-v0": TracePathConfig(),
    "vla_sim/TracePathCurvy-v0": TracePathConfig(
        n_links=12, swing_rad=(0.55, 0.75), waves=(1.1, 1.4), horizon_s=12.0
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
