"""A table of tasks that can be read without loading any physics.

A line names the class of the task's settings and what differs from their defaults. Ids are known
at once; settings are made when they are asked for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from vla_sim.protocols.task import Task

_TASKS = "vla_sim.envs.tasks"


class TaskConfig(Protocol):
    """Settings that know how to build their task."""

    def build(self) -> "Task":
        """The task with these settings."""
        ...


@dataclass(frozen=True)
class Named:
    """A value that a module holds: the module's name, a colon, the value's name.

    A module without a dot is one of `envs.tasks`.
    """

    place: str

    @property
    def full(self) -> str:
        """The place with the module's full name."""
        return self.place if "." in self.place.partition(":")[0] else f"{_TASKS}.{self.place}"

    def find(self) -> Any:
        """The value."""
        module, _, name = self.full.partition(":")
        return getattr(import_module(module), name)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a Catalogue."""

    config: Named
    """The class of the settings."""
    settings: Mapping[str, object]
    """What differs from the defaults; a `Named` stands for the value that it names."""
    package: str = ""
    """An optional package that building the task needs."""

    @property
    def family(self) -> str:
        """What a task and its variants have in common: "Reach" for settings of ReachConfig."""
        return self.config.place.partition(":")[2].removesuffix("Config")

    def needing(self, package: str) -> "Line":
        """The same line, of a task that needs an optional package."""
        return replace(self, package=package)

    def make(self) -> TaskConfig:
        """The settings."""
        settings = {
            name: value.find() if isinstance(value, Named) else value
            for name, value in self.settings.items()
        }
        made: TaskConfig = self.config.find()(**settings)
        return made


def line(config: str, /, **settings: object) -> Line:
    """A line of a Catalogue: "reach:ReachConfig", and settings that differ from its defaults."""
    return Line(config=Named(config), settings=settings)


class Catalogue(Mapping[str, TaskConfig]):
    """{Gymnasium id: settings}, in the order of its lines."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self.lines = dict(lines)
        self._made: dict[str, TaskConfig] = {}

    def __getitem__(self, task_id: str) -> TaskConfig:
        if task_id not in self._made:
            self._made[task_id] = self.lines[task_id].make()
        return self._made[task_id]

    def __contains__(self, task_id: object) -> bool:
        return task_id in self.lines

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)
