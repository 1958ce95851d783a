"""Reach labels: how long it takes to get where each goal wants, read off the columns there are.

A column of its own would change what is on disk and in memory; where the robot is, how it moves,
which point is meant and in which manner are columns already, and a plan takes microseconds.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.reach_time import car_reach, tool_reach
from vla_sim.envs.language.codes import manners_of
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.records.triple import N_GOALS, PLACE, THING, StepTriples

Floats = NDArray[np.float64]
Seconds = Callable[[Floats, Floats, NDArray[np.int64]], Floats]
SLACK_M = 0.05
"""A thing is reached from beside and above: its middle may lie this far outside of where the tool
itself may go."""


class ReachLabels:
    """Asks the teacher of each row's own robot; see `vla_sim.protocols.reach_teacher`."""

    def __init__(self, table: TaskTable) -> None:
        """Teachers of a table's tasks.

        Raises:
            BadConfig: If a task's robot does not say its limits.
        """
        self._table = table
        self._teachers: dict[int, Seconds | None] = {}

    def check(self, task_ids: tuple[str, ...]) -> None:
        """Refuse tasks that there is no time to tell of, before anything is made.

        Raises:
            BadConfig: If no task asks for a place that can be come to rest at, or a robot does not
                say its limits.
        """
        taught = [self._teacher(self._table.index(task_id)) for task_id in task_ids]
        if not any(taught):
            raise BadConfig(
                f"supervision.reachability is on, and none of the tasks ({', '.join(task_ids)}) "
                "asks for a place to come to rest at: on a road there is no least time to teach"
            )

    def seconds(self, rows: StepTriples) -> NDArray[np.float32]:
        """See `ReachTeacher`."""
        least = np.full((len(rows.task), N_GOALS), np.nan, dtype=np.float32)
        asked, point = self._points(rows)
        manner = manners_of(rows.meaning)
        for task in np.unique(rows.task).tolist():
            teacher = self._teacher(task)
            of_task = asked & (rows.task == task)[:, None]
            if teacher is None or not of_task.any():
                continue
            row, _ = np.nonzero(of_task)
            proprio = rows.proprio[row].astype(np.float64)
            least[of_task] = teacher(proprio, point[of_task].astype(np.float64), manner[of_task])
        return least

    def _points(self, rows: StepTriples) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which goals ask for a point (N, G), and that point (N, G, 3).

        Of a thing that is held, its place; else the thing.
        """
        there = rows.has_point
        query = np.where(rows.held & there[..., PLACE], PLACE, THING)[..., None]
        asked = np.take_along_axis(there, query, axis=2)[..., 0] & (rows.weight > 0.0)
        point = np.take_along_axis(rows.goal_point, query[..., None], axis=2)[..., 0, :]
        return asked & np.isfinite(point).all(-1), point

    def _teacher(self, task: int) -> Seconds | None:
        if task not in self._teachers:
            self._teachers[task] = _teacher_of(self._table.ids[task])
        return self._teachers[task]


def _teacher_of(task_id: str) -> Seconds | None:
    """The teacher of a task's robot; None where its goals are no places."""
    task = make_task(task_id)
    robot, manners = task.robot, task.manners
    embodiment = robot.embodiment
    if isinstance(robot, ArmRobot):
        lower, upper = robot.config.workspace_lower_m, robot.config.workspace_upper_m
        return tool_reach(
            embodiment,
            manners,
            lower_m=(lower[0] - SLACK_M, lower[1] - SLACK_M, lower[2] - SLACK_M),
            upper_m=(upper[0] + SLACK_M, upper[1] + SLACK_M, upper[2] + SLACK_M),
        ).seconds
    if any(profile.motion_group == "planar" for profile in manners.values()):
        return None  # traffic goes on: nobody comes to rest at a point of it
    return car_reach(embodiment, manners).seconds
