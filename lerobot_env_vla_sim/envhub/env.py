"""vla-sim on LeRobot's EnvHub: this file is all that such a repository on the hub needs.

`make_env("you/your-repo", n_envs=4, trust_remote_code=True)` evaluates on TASK, whoever has
`lerobot_env_vla_sim` installed: edit the line below, or have a file for each task and name it,
"you/your-repo:lift.py".
"""

from typing import Any

from lerobot_env_vla_sim import VlaSimEnv

TASK = "Lift"
"""A task by name, see `vla-sim list tasks`."""


def make_env(n_envs: int = 1, use_async_envs: bool = False, cfg: Any = None) -> Any:
    """The batch of TASK, or of what a config of ours asks for, as LeRobot wants it."""
    config = cfg if isinstance(cfg, VlaSimEnv) else VlaSimEnv(task=TASK)
    return config.create_envs(n_envs, use_async_envs)
