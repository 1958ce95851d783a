"""The tasks of a run, by number: triples hold a task as its place in this table."""

from collections.abc import Iterable
from dataclasses import dataclass

from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class TaskTable:
    """The package's tasks, and after them those that a run brings along.

    It travels with whatever holds numbers of tasks: simulators, a learner, a model. Two runs may
    count tasks of the user's own differently, those of the package never.
    """

    own: tuple[str, ...] = ()
    """Ids of the tasks of the user's own, "module:name"."""

    @classmethod
    def of(cls, task_ids: Iterable[str]) -> "TaskTable":
        """The table of a run with these tasks."""
        return cls(own=tuple(dict.fromkeys(t for t in task_ids if t not in TASK_IDS)))

    @property
    def ids(self) -> tuple[str, ...]:
        """Every task at its place."""
        return (*TASK_IDS, *self.own)

    def index(self, task_id: str) -> int:
        """The place of a task.

        Raises:
            UnknownName: If it is not in the table.
        """
        if task_id not in self.ids:
            raise UnknownName("task", task_id, self.ids)
        return self.ids.index(task_id)
