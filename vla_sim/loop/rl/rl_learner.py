"""Learner: the slots of a finetuning, and the algorithm that improves what acts in them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from torch import Tensor

from vla_sim.agents.progress import Progress
from vla_sim.agents.rl_hand import Hand, ResidualHand
from vla_sim.agents.rl_roster import Roster
from vla_sim.agents.rl_sight import Observer
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.envs.crank import Crank
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.stopping import share_of
from vla_sim.loop.budget import Budget
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.model_bodies import bodies_of_tasks
from vla_sim.loop.rl.rl_base import AlignedBase
from vla_sim.loop.rl.rl_features import FrozenFeatures, LearningSight
from vla_sim.loop.rl.rl_policy import PolicyForm
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import CORRECTING
from vla_sim.loop.rl.rl_state import draw_anew, notes_of_run, put_back, tensors_of_run
from vla_sim.loop.rl.rl_thaw import ThawingSight
from vla_sim.records.reports import EvalReport

WINDOW = 100
"""Episodes over which the success of training is taken."""
LAST_RATE = 0.1
"""Share of the learning rate that is left when the budget is spent."""


class RlLearner(ABC):
    """An algorithm of stable-baselines3 over the slots of one crank or several.

    Attributes:
        run: What is trained.
        budget: What is spent of it.
        bodies: {task: the model's index of its body}.
        env: The slots.
        form: What the actor's weights belong to.
    """

    def __init__(self, run: FinetuneRun, encoder: Checkpoint, budget: Budget) -> None:
        """Slots as they are before the first round.

        Raises:
            BadConfig: If the encoder does not know a task's robot and camera.
        """
        self.run = run
        self.budget = budget
        self.encoder = encoder
        table = TaskTable(own=encoder.own_tasks)
        self.bodies = bodies_of_tasks(run.task_ids, table, encoder.task_body)
        self.form = PolicyForm(
            task_ids=run.task_ids,
            start=run.start,
            features=run.features,
            action_repeat=run.slots.action_repeat,
            scale=run.residual.scale if run.start in CORRECTING else 0.0,
        )
        self.env = self.slots()

    def slots(self) -> SlotVecEnv:
        """Slots of the tasks, in which nothing has begun."""
        run = self.run
        hand: Hand | None = None
        observer: Observer = LearningSight(self.bodies)
        if run.start in CORRECTING:
            observer = base = AlignedBase.of(self.encoder, self.bodies, run.features)
            hand = ResidualHand(base, run.residual.scale)
        elif run.start == "head":
            observer = FrozenFeatures(self.encoder.model, self.bodies, run.features)
        if run.unfreeze.is_on:
            observer = ThawingSight(observer, LearningSight(self.bodies))
        return SlotVecEnv(
            [Crank(task_id, run.n_slots, run.crank) for task_id in run.task_ids],
            observer,
            run.slots,
            block=run.seed,
            hand=hand,
            reward=run.reward,
            potential=self._potential(),
            bounds=run.bounds,
            roster=Roster(run.task_ids, run.roster),
        )

    @property
    @abstractmethod
    def algorithm(self) -> BaseAlgorithm:
        """SB3's."""

    @property
    @abstractmethod
    def action_std(self) -> float:
        """Standard deviation of what is decided, mean over components."""

    @property
    @abstractmethod
    def weights(self) -> dict[str, Tensor]:
        """Weights and the optimisers' moments."""

    @property
    @abstractmethod
    def actor(self) -> dict[str, Tensor]:
        """The weights that act."""

    @abstractmethod
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Put `weights` back.

        Raises:
            DamagedFile: If they are of another network.
        """

    @abstractmethod
    def learn(self) -> None:
        """Act in all slots, and learn from it."""

    def improve(self) -> None:
        """A round."""
        draw_anew(self.run.seed, self.budget.n_spent)
        self.learn()
        if not self.run.rounds_per_evaluation:
            for bounds in self.env.bounds:
                bounds.move(bounds.shares)
        self.budget.spend(self.run.round_env_steps)

    def judged(self, report: EvalReport) -> None:
        """Let prices follow what the policy does on the scenes that it is judged by."""
        tasks = {task.task_id: task for task in report.tasks}
        for task_id, bounds in zip(self.run.task_ids, self.env.bounds, strict=True):
            shares = {name: share_of(tasks[task_id], name) for name in bounds.config.most}
            bounds.move(shares, rounds=self.run.rounds_per_evaluation)

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """What a line of the learning curve says of it, by name."""
        recent = self.algorithm.ep_success_buffer or ()
        told = self.algorithm.ep_info_buffer or ()
        return {
            "n_episodes": self.env.n_ended,
            "success": float(np.mean(recent)) if recent else None,
            "return": float(np.mean([row["r"] for row in told])) if told else None,
            "action_std": self.action_std,
            **self.env.roster.numbers,
            **self._of_bounds,
        }

    @property
    def _of_bounds(self) -> dict[str, float | None]:
        """Share and price of each bounded violation, of several tasks under the names of each."""
        found: dict[str, float | None] = {}
        for task_id, bounds in zip(self.run.task_ids, self.env.bounds, strict=True):
            task = f"/{short_name(task_id)}" if len(self.env.bounds) > 1 else ""
            for name, share in bounds.shares.items():
                found[f"share/{name}{task}"] = None if math.isnan(share) else share
            for name, price in bounds.price.items():
                found[f"price/{name}{task}"] = price
        return found

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All that going on needs, but for `notes` and what `save` writes."""
        return self.weights | tensors_of_run(self.env)

    @property
    def notes(self) -> dict[str, Any]:
        """The rest of it, as JSON can hold it."""
        return notes_of_run(self.env, self.algorithm, self.budget)

    @abstractmethod
    def save(self, place: Path) -> None:
        """Write into a folder what is too large to be written whole after each round."""

    def go_on(self, tensors: Mapping[str, Tensor], notes: Mapping[str, Any], place: Path) -> None:
        """Put `tensors` and `notes` back, which lay in a folder.

        Raises:
            DamagedFile: If they are of another network, or something is missing.
        """
        flight = tensors_of_run(self.env)
        self.load({name: value for name, value in tensors.items() if name not in flight})
        put_back(self.env, self.algorithm, self.budget, tensors, notes, place)

    def rate(self, begins: float) -> float:
        """A learning rate that falls with the budget."""
        return begins * (1.0 - (1.0 - LAST_RATE) * self.budget.fraction)

    def _potential(self) -> Progress | None:
        """How far episodes have come in the aligned space, where that is paid."""
        if not self.run.reward.shaping:
            return None
        encoder = self.encoder
        table = TaskTable(own=encoder.own_tasks)
        return Progress(LearnedModel(encoder.model, table=table, task_body=encoder.task_body))
