"""The state of a finetuning between two rounds: put back, it goes on as if it had never stopped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecTransposeImage
from torch import Tensor

from vla_sim.agents.rl_flight import FlightState
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.errors import DamagedFile
from vla_sim.loop.budget import Budget

_FLIGHT = "flight."
_PARTS = ("place", "seed", "count", "decided", "paid", "n_steps")


def draw_anew(seed: int, n_spent: int) -> None:
    """Let a round draw from generators of its own, which follow from where the budget stands.

    So no generator has to be kept.
    """
    set_random_seed(int(np.random.SeedSequence([seed, n_spent]).generate_state(1)[0]))


def tensors_of_run(env: SlotVecEnv) -> dict[str, Tensor]:
    """The episodes under way."""
    flight = env.flight.state
    return {_FLIGHT + part: torch.from_numpy(getattr(flight, part)) for part in _PARTS}


def notes_of_run(env: SlotVecEnv, algorithm: BaseAlgorithm, budget: Budget) -> dict[str, Any]:
    """The rest, as JSON can hold it."""
    return {
        "budget": budget.state(),
        "n_begun": env.n_begun,
        "roster": env.roster.state(),
        "bounds": [bounds.state() for bounds in env.bounds],
        "success": [bool(success) for success in algorithm.ep_success_buffer or ()],
        "episodes": [dict(row) for row in algorithm.ep_info_buffer or ()],
    }


def put_back(
    env: SlotVecEnv,
    algorithm: BaseAlgorithm,
    budget: Budget,
    tensors: Mapping[str, Tensor],
    notes: Mapping[str, Any],
    place: Path,
) -> None:
    """Put all of it back; the weights are put back by who knows the algorithm.

    Raises:
        DamagedFile: If something is missing or garbled.
    """
    try:
        flight = FlightState(**{part: tensors[_FLIGHT + part].numpy() for part in _PARTS})
        budget.load_state(notes["budget"])
        successes, episodes = list(notes["success"]), list(notes["episodes"])
        bounds, begun = notes["bounds"], int(notes["n_begun"])
        seen = env.fly_again(flight)
        for each, state in zip(env.bounds, bounds, strict=True):
            each.load_state(state)
        env.roster.load_state(notes["roster"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, DamagedFile):
            raise
        raise DamagedFile(
            f"{place} lacks or garbles {error}, so that training cannot go on; finetune into "
            "another --out"
        ) from error
    assert not isinstance(seen, tuple)
    wrapped = algorithm.env
    if isinstance(wrapped, VecTransposeImage):
        seen = wrapped.transpose_observations(seen)
    algorithm._last_obs = seen
    env.n_begun = begun
    algorithm._last_episode_starts = flight.count == 0
    algorithm.learn(0, reset_num_timesteps=False)  # makes the buffers
    assert algorithm.ep_success_buffer is not None and algorithm.ep_info_buffer is not None
    algorithm.ep_success_buffer.extend(successes)
    algorithm.ep_info_buffer.extend(episodes)
