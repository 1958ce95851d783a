"""What `gymnasium.make` and `make_vec` are told, for both faces alike."""

from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, UnknownName

RENDER_MODES = ("rgb_array",)


def checked_render_mode(mode: object) -> str | None:
    """A render mode that exists, or None for no pictures.

    Raises:
        UnknownName: If there is no such mode.
    """
    if mode is None or (isinstance(mode, str) and mode in RENDER_MODES):
        return mode
    raise UnknownName("render_mode", str(mode), (*RENDER_MODES, "None"))


def limit_steps(crank: Crank, max_episode_steps: int | None) -> None:
    """Let a crank truncate its episodes earlier than the task would.

    Args:
        crank: Whose `horizon_steps` to set.
        max_episode_steps: Steps after which an episode is truncated, in a chain those of each
            instruction; None or -1 leaves the task's horizon.

    Raises:
        BadConfig: If it is no whole number, less than 1, or more than the task's horizon.
    """
    if max_episode_steps is None:
        return
    whole = isinstance(max_episode_steps, int | np.integer)
    if whole and not isinstance(max_episode_steps, bool):
        if max_episode_steps == -1:
            return
        if 1 <= max_episode_steps <= crank.horizon_steps:
            crank.horizon_steps = int(max_episode_steps)
            return
    raise BadConfig(
        f"max_episode_steps is {max_episode_steps!r}; {crank.task_id} can be cut at 1 to"
        f" {crank.horizon_steps} steps, the last being its horizon"
    )


def metadata_of(crank: Crank) -> dict[str, Any]:
    """Gymnasium's metadata of a crank's pictures."""
    rate_hz = round(1 / crank.embodiment.control_dt_s)
    return {"render_modes": list(RENDER_MODES), "render_fps": rate_hz}


def with_horizon(spec: EnvSpec | None, crank: Crank) -> EnvSpec | None:
    """What an environment was made from, with the number of steps that it truncates at."""
    return None if spec is None else replace(spec, max_episode_steps=crank.horizon_steps)
