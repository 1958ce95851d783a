"""Tasks of the user's own: the id says where their settings lie, "module:name".

What lies there are settings, an object whose `build` makes the task, or a class or a function that
gives them when it is called. Beside `build` they may hold `expert`, the settings of who teaches the
task, and `engines`, the physics engines beside MuJoCo that it was tried on.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from vla_sim.envs.catalogue import Catalogue, TaskConfig
from vla_sim.errors import BadConfig
from vla_sim.foreign import imported_as, load_foreign

_WANTED = (
    "name settings with build(), such as vla_sim.envs.tasks.reach:ReachConfig, or a class or "
    "function that gives some when called without arguments"
)


def own_task_id(name: str) -> str:
    """The id of the task that a name stands for: "mine:MyReach" for "path/to/mine.py:MyReach" too.

    Episodes are drawn from the id, so they do not depend on where the file lies.

    Raises:
        BadConfig: If it names no task, or one that cannot be run, see `check_own_task`.
        UnknownName: If the module does not hold the name.
    """
    # Here, because ids are read without physics.
    from vla_sim.envs.own_task_check import check_own_task

    task_id = imported_as(name, "task")
    check_own_task(task_id)
    return task_id


def own_settings(task_id: str) -> TaskConfig:
    """The settings that an id stands for.

    Raises:
        BadConfig: If the module cannot be loaded, or what it holds are no settings of a task.
        UnknownName: If the module does not hold the name.
    """
    found: Any = load_foreign(task_id, "task")
    if isinstance(found, type) or inspect.isroutine(found):
        if needed := _needed_arguments(found):
            raise BadConfig(f"{task_id!r} names no task: it needs {', '.join(needed)}; {_WANTED}")
        found = found()
    if not callable(getattr(found, "build", None)):
        raise BadConfig(
            f"{task_id!r} names no task: a {type(found).__qualname__} has no build(); {_WANTED}"
        )
    settings: TaskConfig = found
    return settings


def own_family(task_id: str, tables: Mapping[str, str]) -> str:
    """What a task of the user's own is called together with ours: "Reach" for ReachConfig's.

    Args:
        task_id: Its id.
        tables: {place of a class of settings: family}, see `families`.

    Returns:
        The family of the nearest of our classes that the settings are of; the task's own name where
        they are of none.
    """
    for cls in type(own_settings(task_id)).__mro__:
        if (family := tables.get(f"{cls.__module__}:{cls.__qualname__}")) is not None:
            return family
    return task_id.rpartition(":")[2]


def families(*tables: Catalogue) -> dict[str, str]:
    """{place of a class of settings: what tasks with such settings are called together}."""
    return {line.config.full: line.family for table in tables for line in table.lines.values()}


def _needed_arguments(make: Any) -> list[str]:
    return [
        name
        for name, given in inspect.signature(make).parameters.items()
        if given.default is given.empty
        and given.kind not in (given.VAR_POSITIONAL, given.VAR_KEYWORD)
    ]
