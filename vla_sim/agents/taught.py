"""Who is taught: tasks of the user's own have an expert that can teach them."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from vla_sim.agents.experts.table import expert_config_for
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec
from vla_sim.errors import BadConfig
from vla_sim.foreign import is_foreign


def check_taught(task_ids: Iterable[str]) -> None:
    """Refuse tasks of the user's own that no expert can teach, before anything is made.

    Raises:
        BadConfig: If a task has no expert, what it calls one is none, or the expert reads what the
            task does not tell.
    """
    for task_id in task_ids:
        if is_foreign(task_id):
            _check(task_id)


@lru_cache
def _check(task_id: str) -> None:
    config = expert_config_for(task_id)
    if isinstance(config, type) or not callable(getattr(config, "build", None)):
        raise BadConfig(
            f"the expert of {task_id} is {config!r}; it has to be settings with "
            "build(embodiment, manners), such as ReachExpertConfig()"
        )
    crank = Crank(task_id, 1)
    crank.start(np.zeros(1, dtype=np.int64), [draw_spec(task_id, 0)])
    expert = config.build(crank.embodiment, crank.task.manners)
    told = crank.task.privileged()
    if lacking := [name for name in expert.reads if name not in told]:
        raise BadConfig(
            f"the expert of {task_id}, {type(expert).__qualname__}, reads {', '.join(lacking)}; "
            f"privileged() of the task tells {', '.join(told)}"
        )
