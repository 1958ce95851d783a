"""Gymnasium ids. Entry points are strings: registering imports no physics.

A process that has not imported `vla_sim` does not know the ids; Gymnasium imports it where the id
says so: `gymnasium.make("vla_sim:vla_sim/Reach-v1")`. That is the form for spawned children. A task
of the user's own goes by one id for all of them: `make("vla_sim/Own-v0", task_id="mine:MyReach")`.
"""

from importlib.util import find_spec

import gymnasium

from vla_sim.envs.tasks import GUEST_TASKS, TASKS

IDS = tuple(TASKS)
OWN = "vla_sim/Own-v0"
"""Whatever its argument `task_id` names."""


def register_all() -> None:
    """Tell Gymnasium about every task that can be made here; a second call changes nothing.

    No wrapper is asked for, since each hides what LeRobot reads (`task_description`): an
    environment checks the order of calls, its arguments and its horizon by itself.
    """
    guests = [
        task_id
        for task_id, line in GUEST_TASKS.lines.items()
        if find_spec(line.package) is not None
    ]
    for task_id in (*IDS, *guests, OWN):
        if task_id not in gymnasium.registry:
            gymnasium.register(
                id=task_id,
                entry_point="vla_sim.envs.faces.single_env:VlaEnv",
                vector_entry_point="vla_sim.envs.faces.vector_env:VlaVectorEnv",
                kwargs={} if task_id == OWN else {"task_id": task_id},
                order_enforce=False,
                disable_env_checker=True,
            )
