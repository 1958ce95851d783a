"""Listed: the episodes of a condition set as a dataset can hold them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from vla_sim.errors import BadConfig
from vla_sim.eval.condition import Condition
from vla_sim.loop.benching.conditions import tasks_in
from vla_sim.records.episode import EpisodeSpec


def check_listed(
    path: Path, listed: Sequence[Condition], task_ids: Sequence[str], n_episodes: int, seed: int
) -> None:
    """Refuse a collection that is set to something else than its file lists.

    Raises:
        BadConfig: If a setting contradicts the file, or a dataset has no column for what is listed.
    """
    tasks = tasks_in(listed)
    if tuple(task_ids) != tasks or n_episodes != len(listed) or seed != 0:
        raise BadConfig(
            f"{path} lists {len(listed)} episodes of {', '.join(tasks)}, and tasks is "
            f"{', '.join(task_ids)}, episodes is {n_episodes}, seed is {seed}: leave all three "
            "away beside a condition set"
        )
    for place, condition in enumerate(listed):
        spec = condition.spec
        if spec.axis or spec.n_instructions > 1:
            what = f"axis {spec.axis!r}" if spec.axis else f"{spec.n_instructions} instructions"
            raise BadConfig(
                f"{path}, episode {place}: {what}; datasets hold single instructions in training "
                "conditions. `vla-sim protocol conditions` can leave the others out"
            )


def without_arms(plan: Iterable[EpisodeSpec]) -> list[EpisodeSpec]:
    """The episodes under the true instruction, each once: what is left of arms for a teacher.

    An arm changes what a policy is told and nothing else, and a teacher does the same in each.
    """
    return list(dict.fromkeys(replace(spec, arm="correct") for spec in plan))
