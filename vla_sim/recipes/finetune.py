"""Finetunings by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.loop.rl.rl_run import FinetuneRun


def default() -> FinetuneRun:
    """PPO on Reach, on the frozen features of the aligned encoder."""
    return FinetuneRun(crank=CrankConfig(n_threads=2))


def scratch() -> FinetuneRun:
    """The same network with weights drawn anew, trained end to end from pictures."""
    # Smaller steps: at the default rate the first updates of a whole network saturate the actions.
    return replace(default(), scratch=True, ppo=PpoConfig(learning_rate=2e-4))


def glance() -> FinetuneRun:
    """A few rounds, to see the loop turn."""
    return FinetuneRun(
        n_slots=4,
        max_env_steps=256,
        episodes=2,
        n_processes=1,
        ppo=PpoConfig(n_steps=16, batch_size=32, n_epochs=2),
    )


RECIPES: Mapping[str, Callable[[], FinetuneRun]] = {
    "default": default,
    "scratch": scratch,
    "glance": glance,
}
