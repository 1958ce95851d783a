"""Bodies of a model: which of its robots acts in which task."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.bounds import bounds_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.foreign import is_foreign
from vla_sim.records.camera import CameraSpec

BodyKey = tuple[str, CameraSpec]


@dataclass(frozen=True, kw_only=True)
class ModelBodies:
    """The bodies that a table of tasks needs.

    Tasks of one body share scales: a car's position means another thing on a road, where the camera
    drives along, than in an arena.
    """

    keys: tuple[BodyKey, ...]
    """Robot and camera of each body."""
    task_body: tuple[int, ...]
    """The body of each task, in the order of the table."""


@lru_cache
def bodies_of(table: TaskTable) -> ModelBodies:
    """The bodies of all tasks in a table; those of the package keep their places in any."""
    of_tasks = [_key(task_id) for task_id in table.ids]
    keys = tuple(dict.fromkeys(of_tasks))
    return ModelBodies(keys=keys, task_body=tuple(map(keys.index, of_tasks)))


def bounds_of_tasks(table: TaskTable) -> NDArray[np.float32]:
    """Between which bounds each task's manners want chunks to move the body, see `bounds_of`."""
    tasks = [make_task(task_id) for task_id in table.ids]
    return np.stack([bounds_of(task.robot.embodiment, task.manners) for task in tasks])


def body_of_task(task_id: str, table: TaskTable, task_body: Sequence[int]) -> int:
    """The body with which a model acts in a task, which it may never have seen.

    Args:
        task_id: The task.
        table: The tasks that the model counts by.
        task_body: The body of each of them.

    Raises:
        UnknownName: If there is no such task.
        BadConfig: If it is one of the user's own that the model was not trained with, and cannot be
            loaded or has a robot and a camera that no task of the package has.
    """
    if task_id in table.ids or not is_foreign(task_id):
        return int(task_body[table.index(task_id)])
    ours, key = bodies_of(TaskTable()), _key(task_id)
    if key not in ours.keys:
        raise BadConfig(
            f"the model does not know the robot and camera of {task_id}: train it with the task"
        )
    return int(task_body[ours.task_body.index(ours.keys.index(key))])


def bodies_of_tasks(
    task_ids: Sequence[str], table: TaskTable, task_body: Sequence[int]
) -> dict[str, int]:
    """{task: the body with which a model acts in it}, see `body_of_task`."""
    return {task_id: body_of_task(task_id, table, task_body) for task_id in task_ids}


def _key(task_id: str) -> BodyKey:
    task = make_task(task_id)
    return task.robot.embodiment.name, task.camera
