"""PPO with learning from states: slots of one batch against a process for each environment.

`python -m benchmarks.agents_throughput` prints the rows. Both sides run stable-baselines3's PPO
with the same settings on the same task, one decision a control step: ours on `StateSlots`, the
other on `SubprocVecEnv` over `gymnasium.make` of the same environment. They take turns in one
process, so that both meet the same machine; a ratio is the median over the turns.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import gymnasium
import torch
from gymnasium.wrappers import FilterObservation, FlattenObservation
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import SubprocVecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from benchmarks.row import Row, rows_told
from vla_sim.agents.rl_ppo import PpoConfig
from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.agents.rl_state import PARTS, StateSlots
from vla_sim.envs.crank import Crank, CrankConfig

TASK = "vla_sim/Reach-v1"
N_SLOTS, N_PROCESSES = 32, 8
"""Simulations of a batch as `finetune` has them; processes, four for each of two cores."""
ROLLOUT = 1024
"""Decisions between two improvements, on both sides."""
N_TURNS = 7
AT_LEAST = 3.0


class Clocked(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment that says how much its process has worked."""

    def worked_s(self) -> float:
        """CPU time of this process [s]."""
        return time.process_time()


def single() -> gymnasium.Env[Any, Any]:
    """One environment as anybody makes it, its state as one row of numbers."""
    env = gymnasium.make(f"vla_sim:{TASK}", obs_mode="state", render_mode=None)
    return Clocked(FlattenObservation(FilterObservation(env, list(PARTS))))


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a control step of training costs, learning included.

    Attributes:
        wall_s: Time that passed [s].
        cpu_s: Time that cores worked, those of all processes together [s].
    """

    wall_s: float
    cpu_s: float


class Side:
    """One of the two: a batch and the learner on it."""

    def __init__(self, env: VecEnv, workers_s: Callable[[], float]) -> None:
        """Begin.

        Args:
            env: Where it acts.
            workers_s: CPU time of the processes that are not this one [s].
        """
        config = PpoConfig()
        layers = [config.hidden, config.hidden]
        self._workers_s = workers_s
        self._ppo = PPO(
            "MlpPolicy",
            env,
            n_steps=ROLLOUT // env.num_envs,
            batch_size=config.batch_size,
            n_epochs=config.n_epochs,
            policy_kwargs={"net_arch": {"pi": layers, "vf": layers}},
            seed=0,
            device="cpu",
        )
        self._ppo.set_logger(Logger(folder=None, output_formats=[]))
        self.turn()  # compiles, and begins the episodes

    def turn(self) -> Cost:
        """One rollout and its improvement."""
        wall, cpu = time.perf_counter(), time.process_time() + self._workers_s()
        self._ppo.learn(ROLLOUT, reset_num_timesteps=False)
        cpu = time.process_time() + self._workers_s() - cpu
        return Cost(wall_s=(time.perf_counter() - wall) / ROLLOUT, cpu_s=cpu / ROLLOUT)


def throughput(n_turns: int = N_TURNS) -> Iterator[Row]:
    """Control steps a second with learning, and what they cost in work."""
    torch.set_num_threads(1)
    slots = StateSlots(Crank(TASK, N_SLOTS, CrankConfig(n_threads=2)), SlotsConfig(action_repeat=1))
    # Forked from a server: a fork of this process would have torch's threads in an unknown state.
    processes = SubprocVecEnv([single] * N_PROCESSES, start_method="forkserver")
    try:
        ours = Side(slots, lambda: 0.0)
        theirs = Side(processes, lambda: sum(processes.env_method("worked_s")))
        turns = [(ours.turn(), theirs.turn()) for _ in range(n_turns)]
    finally:
        processes.close()
    wall = sorted(b.wall_s / a.wall_s for a, b in turns)
    cpu = sorted(b.cpu_s / a.cpu_s for a, b in turns)
    rates = [1.0 / median(side.wall_s for side in sides) for sides in zip(*turns, strict=True)]
    load, n_cores = os.getloadavg()[0], os.cpu_count()
    yield Row(
        name=(
            f"PPO on {TASK} from states, {N_SLOTS} slots over SubprocVecEnv of {N_PROCESSES}, "
            f"control steps a second with learning, {n_turns} turns each, load {load:.1f} on "
            f"{n_cores} cores"
        ),
        value=(
            f"{median(wall):.1f} x [{wall[0]:.1f} to {wall[-1]:.1f}], "
            f"{rates[0]:,.0f} /s against {rates[1]:,.0f} /s"
        ),
        bar=f">= {AT_LEAST:g} x",
        holds=median(wall) >= AT_LEAST,
    )
    yield Row(
        name="the same in CPU time, which no other work on the machine lengthens much",
        value=f"{median(cpu):.1f} x [{cpu[0]:.1f} to {cpu[-1]:.1f}]",
        bar=f">= {AT_LEAST:g} x",
        holds=median(cpu) >= AT_LEAST,
    )


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {"throughput": throughput}
"""The rows of the group `agents` that it measures."""

if __name__ == "__main__":
    sys.exit(rows_told(ROWS, __doc__))
