"""What a policy has practised, by the folder of its run."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import make_task
from vla_sim.foreign import is_foreign
from vla_sim.loop.choice import RETRIEVAL
from vla_sim.loop.run_folder import BEGUN, RunFolder

_MOST_NAMED = 4


def practised(folder: Path) -> tuple[str, ...]:
    """Ids of the package's tasks that a run trained on, as its settings say.

    Returns:
        None of them where that is not known: of a checkpoint alone, or a run from a dataset, which
        holds what it holds.
    """
    if not (folder / BEGUN).is_file():
        return ()
    config = RunFolder.open(folder).read_json(BEGUN).get("config", {})
    names = () if config.get("data") else config.get("tasks", ())
    return tasks_of(tuple(name for name in names if not is_foreign(name)))


def robot_of(task_id: str) -> str:
    """The name of a task's robot."""
    return make_task(task_id).robot.embodiment.name


def said_of_new_tasks(policy: str, task_ids: Iterable[str]) -> str:
    """What a model is asked that it was not trained on, in a sentence; empty if there is nothing.

    Args:
        policy: The policy by name, as `policies.policy_of` takes it.
        task_ids: What it is asked.
    """
    folder = Path(policy.removeprefix(RETRIEVAL))
    known = practised(folder)
    new = [task_id for task_id in task_ids if task_id not in known and not is_foreign(task_id)]
    if not known or not new:
        return ""
    robots = {robot_of(task_id) for task_id in known}
    unmoved = sorted({robot_of(task_id) for task_id in new} - robots)
    never = f", and never moved {' and '.join(unmoved)}" if unmoved else ""
    return f"{policy} was trained on {_listed(known)}; {_listed(new)} it was not{never}"


def _listed(task_ids: Sequence[str]) -> str:
    """Short names, the first few of many."""
    named = [short_name(task_id) for task_id in task_ids[:_MOST_NAMED]]
    more = len(task_ids) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
