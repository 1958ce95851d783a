"""Short names of tasks, for people who type them."""

from collections.abc import Sequence

from vla_sim.envs.own_tasks import own_task_id
from vla_sim.envs.registration import IDS
from vla_sim.envs.tasks import GUEST_TASKS
from vla_sim.errors import BadConfig, RetiredName, UnknownName
from vla_sim.foreign import is_foreign


def short_name(task_id: str) -> str:
    """What people call a task: "vla_sim/Reach-v1" is "Reach"; one of their own is what it is."""
    if is_foreign(task_id):
        return task_id
    return task_id.partition("/")[2].rpartition("-v")[0]


def task_id_of(name: str, task_ids: Sequence[str] = IDS) -> str:
    """The task that `name` means, e.g. "Reach", "reach", "Reach-v1" or "vla_sim/Reach-v1".

    A name without a version means the newest. One of the user's own is "module:name" or
    "path/to/file.py:name".

    Raises:
        RetiredName: If a newer version has replaced it.
        UnknownName: If it means none; the error lists the short names.
        BadConfig: If it is one of the user's own, and no task that can be run, or one for
            `gymnasium.make` alone.
    """
    if is_foreign(name):
        return own_task_id(name)
    wanted = name.casefold().removeprefix("vla_sim/")
    full = {t.casefold().removeprefix("vla_sim/"): t for t in task_ids}
    if wanted in full:
        return full[wanted]
    versions = [t for t in task_ids if short_name(t).casefold() == wanted]
    if versions:
        return max(versions, key=_version)
    stem, _, version = wanted.rpartition("-v")
    newer = [t for t in task_ids if short_name(t).casefold() == stem and version.isdecimal()]
    if newer and int(version) < max(map(_version, newer)):
        raise RetiredName("task", name, max(newer, key=_version))
    if wanted.partition("-v")[0] in {short_name(t).casefold() for t in GUEST_TASKS}:
        raise BadConfig(
            f"{name} is for gymnasium.make alone: its robot comes with an extra, and verbs know "
            "the standard set; write it as a task of your own, path/to/file.py:name "
            "(docs/en/extend.md)"
        )
    raise UnknownName("task", name, {short_name(t) for t in task_ids})


def _version(task_id: str) -> int:
    return int(task_id.rpartition("-v")[2])
