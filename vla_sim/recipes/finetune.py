"""Finetunings by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import ResidualConfig

_FROM_NOTHING = PpoConfig(
    n_steps=32, batch_size=256, learning_rate=1e-3, log_std=-1.0, gae_lambda=0.9
)
"""Large steps, wide noise and a near horizon, for a policy that cannot do anything yet."""


def default() -> FinetuneRun:
    """PPO on what the aligned policy does on Reach, a bounded correction of each step."""
    return FinetuneRun(crank=CrankConfig(n_threads=2))


def sac() -> FinetuneRun:
    """SAC on the same start, with the expert's and the start policy's episodes in its memory."""
    return replace(default(), algorithm="sac", rounds_per_evaluation=40)


def head() -> FinetuneRun:
    """A new head on the frozen features: nothing of what the aligned policy does is kept."""
    return replace(
        default(),
        start="head",
        ppo=_FROM_NOTHING,
        slots=SlotsConfig(gamma=0.975),
        reward=RewardConfig(kind="dense"),
    )


def scratch() -> FinetuneRun:
    """The same network with weights drawn anew, trained end to end from pictures."""
    # Smaller steps: at the default rate the first updates of a whole network saturate the actions.
    return replace(head(), start="scratch", ppo=replace(_FROM_NOTHING, learning_rate=2e-4))


def core_arm() -> FinetuneRun:
    """The arm's tasks of the core by one policy; PPO on what the aligned policy does."""
    return _suite("core-arm")


def core_car() -> FinetuneRun:
    """The car's tasks of the core by one policy; PPO on what the aligned policy does."""
    return _suite("core-car")


def _suite(name: str) -> FinetuneRun:
    """The default with its budget for each task, judged by 20 episodes of each."""
    run = replace(default(), tasks=(name,), rounds_per_evaluation=30)
    n_tasks = len(run.task_ids)
    return replace(run, max_env_steps=n_tasks * run.max_env_steps, online_episodes=20 * n_tasks)


def glance() -> FinetuneRun:
    """A few rounds, to see the loop turn."""
    return FinetuneRun(
        n_slots=4,
        max_env_steps=256,
        episodes=2,
        rounds_per_evaluation=1,
        online_episodes=4,
        n_processes=1,
        ppo=PpoConfig(n_steps=16, batch_size=32, n_epochs=2),
        residual=ResidualConfig(warm_up_env_steps=0),
        stopping=StoppingConfig(),
    )


RECIPES: Mapping[str, Callable[[], FinetuneRun]] = {
    "default": default,
    "ppo": default,
    "sac": sac,
    "head": head,
    "scratch": scratch,
    "core-arm": core_arm,
    "core-car": core_car,
    "glance": glance,
}
