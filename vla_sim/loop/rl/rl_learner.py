"""Learner: the slots of a finetuning, and the algorithm that improves what acts in them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from torch import Tensor

from vla_sim.agents.progress import Progress
from vla_sim.agents.rl_bounds import Bounds
from vla_sim.agents.rl_hand import ResidualHand
from vla_sim.agents.rl_pictures import PictureObserver
from vla_sim.agents.rl_ppo import StartedPolicy, load_tensors, tensors_of
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.envs.crank import Crank
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.budget import Budget
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.model_bodies import body_of_task
from vla_sim.loop.rl.rl_base import AlignedBase
from vla_sim.loop.rl.rl_features import FrozenFeatures, LearntFeatures
from vla_sim.loop.rl.rl_policy import LEARNT, PolicyForm
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_state import draw_anew, notes_of_run, put_back, tensors_of_run

WINDOW = 100
"""Episodes over which the success of training is taken."""
LAST_RATE = 0.1
"""Share of the learning rate that is left when the budget is spent."""
_ACTOR = ("mlp_extractor.policy_net.", "action_net.", LEARNT)


class PpoLearner:
    """PPO over the slots of one crank.

    Attributes:
        env: The slots.
        ppo: SB3's algorithm.
        form: What its actor's weights belong to.
    """

    def __init__(self, run: FinetuneRun, encoder: Checkpoint, budget: Budget) -> None:
        """Slots and algorithm as they are before the first round.

        Raises:
            BadConfig: If the encoder does not know the task's robot and camera.
        """
        self.run = run
        self.budget = budget
        body = body_of_task(run.task_id, TaskTable(own=encoder.own_tasks), encoder.task_body)
        residual = run.start == "residual"
        self.form = PolicyForm(
            task_id=run.task_id,
            start=run.start,
            features=run.features,
            action_repeat=run.slots.action_repeat,
            scale=run.residual.scale if residual else 0.0,
        )
        hand, sight = None, None
        observer: AlignedBase | FrozenFeatures | PictureObserver
        if residual:
            observer = base = AlignedBase.of(encoder, body, run.features)
            hand = ResidualHand(base, run.residual.scale)
        elif run.start == "head":
            observer = FrozenFeatures(encoder.model, body, run.features)
        else:
            observer = PictureObserver()
            sight = (
                LearntFeatures,
                {"model": encoder.model, "body": body, "kind": run.features},
            )
        crank = Crank(run.task_id, run.n_slots, run.crank)
        self.env = SlotVecEnv(
            crank,
            observer,
            run.slots,
            block=run.seed,
            hand=hand,
            reward=run.reward,
            potential=_potential(run, encoder),
            bounds=Bounds(run.bounds, run.n_slots),
        )
        self.ppo: PPO = run.ppo.build(
            self.env, rate=self._rate, seed=run.seed, sight=sight, from_zero=residual
        )

    def improve(self) -> None:
        """A round: act in all slots, and learn from it."""
        run, policy = self.run, self.ppo.policy
        draw_anew(run.seed, self.budget.n_spent)
        if isinstance(policy, StartedPolicy):
            policy.hold(self.budget.n_spent < run.residual.warm_up_env_steps)
            self.ppo.ent_coef = run.residual.pull_at(self.budget.fraction)
        self.ppo.learn(run.ppo.n_steps * run.n_slots, reset_num_timesteps=False)
        self.env.bounds.improve()
        self.budget.spend(run.round_env_steps)

    @property
    def success(self) -> float:
        """Share of the last WINDOW training episodes that succeeded; 0 before there are as many."""
        recent = self.ppo.ep_success_buffer
        return float(np.mean(recent)) if recent is not None and len(recent) == WINDOW else 0.0

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """What a line of the learning curve says of it, by name."""
        recent, told = self.ppo.ep_success_buffer or (), self.ppo.ep_info_buffer or ()
        bounds = self.env.bounds
        return {
            "n_episodes": self.env.n_ended,
            "success": float(np.mean(recent)) if recent else None,
            "return": float(np.mean([row["r"] for row in told])) if told else None,
            "action_std": float(torch.exp(self.ppo.policy.log_std).mean().item()),
            **{
                f"share/{name}": None if math.isnan(share) else share
                for name, share in bounds.shares.items()
            },
            **{f"price/{name}": price for name, price in bounds.price.items()},
        }

    @property
    def actor(self) -> dict[str, Tensor]:
        """The weights that act."""
        tensors = tensors_of(self.ppo)
        return {name: value for name, value in tensors.items() if name.startswith(_ACTOR)}

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All that going on needs, but for `notes`."""
        return tensors_of(self.ppo) | tensors_of_run(self.env)

    @property
    def notes(self) -> dict[str, Any]:
        """The rest of it, as JSON can hold it."""
        return notes_of_run(self.env, self.ppo, self.budget)

    def go_on(self, tensors: Mapping[str, Tensor], notes: Mapping[str, Any], place: Path) -> None:
        """Put `tensors` and `notes` back, which were read at a place.

        Raises:
            DamagedFile: If they are of another network, or something is missing.
        """
        mine = {k: v for k, v in tensors.items() if k not in tensors_of_run(self.env)}
        load_tensors(self.ppo, mine)
        put_back(self.env, self.ppo, self.budget, tensors, notes, place)

    def _rate(self) -> float:
        return self.run.ppo.learning_rate * (1.0 - (1.0 - LAST_RATE) * self.budget.fraction)


def _potential(run: FinetuneRun, encoder: Checkpoint) -> Progress | None:
    """How far episodes have come in the aligned space, where that is paid."""
    if not run.reward.shaping:
        return None
    table = TaskTable(own=encoder.own_tasks)
    return Progress(LearnedModel(encoder.model, table=table, task_body=encoder.task_body))
