"""PPO as a learner."""

from collections.abc import Mapping
from pathlib import Path

import torch
from stable_baselines3 import PPO
from torch import Tensor

from vla_sim.agents.rl_ppo import StartedPolicy, give_rate, load_tensors, tensors_of
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.loop.budget import Budget
from vla_sim.loop.rl.rl_features import LearntFeatures
from vla_sim.loop.rl.rl_learner import RlLearner
from vla_sim.loop.rl.rl_policy import LEARNT, learning_decoder
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import CORRECTING
from vla_sim.loop.rl.rl_thaw import ThawingFeatures

_ACTOR = ("mlp_extractor.policy_net.", "action_net.")


class PpoLearner(RlLearner):
    """Learns from what it has just done, and forgets it."""

    def __init__(self, run: FinetuneRun, encoder: Checkpoint, budget: Budget) -> None:
        super().__init__(run, encoder, budget)
        sight: tuple[type[LearntFeatures], dict[str, object]] | None = None
        if run.start == "scratch":
            sight = (LearntFeatures, {"model": encoder.model, "kind": run.features})
        elif run.unfreeze.is_on:
            sight = (ThawingFeatures, {"model": encoder.model, "kind": run.features})
        self.ppo: PPO = run.ppo.build(
            self.env,
            rate=lambda: self.rate(run.ppo.learning_rate),
            seed=run.seed,
            sight=sight,
            from_zero=run.start in CORRECTING,
        )
        if run.start == "decoder":
            policy = self.ppo.policy
            assert isinstance(policy, StartedPolicy)
            decoder = learning_decoder(self.form, encoder, self.bodies)
            policy.decide_by(decoder, lambda: self.rate(run.residual.decoder_rate))
        if run.unfreeze.is_on:
            extractor = self.ppo.policy.features_extractor
            give_rate(self.ppo.policy, extractor, lambda: self.rate(run.unfreeze.rate))

    @property
    def algorithm(self) -> PPO:
        """SB3's."""
        return self.ppo

    @property
    def action_std(self) -> float:
        """Standard deviation of what is decided, mean over components."""
        return float(torch.exp(self.ppo.policy.log_std).mean().item())

    @property
    def weights(self) -> dict[str, Tensor]:
        """Weights and the optimiser's moments."""
        return tensors_of(self.ppo)

    @property
    def actor(self) -> dict[str, Tensor]:
        """The weights that act; an encoder is among them only where it has learnt."""
        sight = self.ppo.policy.features_extractor
        is_frozen = isinstance(sight, ThawingFeatures) and not sight.is_thawed
        acting = _ACTOR if is_frozen else (*_ACTOR, LEARNT)
        return {name: value for name, value in self.weights.items() if name.startswith(acting)}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Put `weights` back.

        Raises:
            DamagedFile: If they are of another network.
        """
        load_tensors(self.ppo, weights)

    def save(self, place: Path) -> None:
        """Nothing is that large."""

    def learn(self) -> None:
        """Act in all slots, and learn from it; what corrects a policy stands still at first."""
        run, policy = self.run, self.ppo.policy
        if isinstance(policy, StartedPolicy):
            policy.hold(self.budget.n_spent < run.residual.warm_up_env_steps)
            self.ppo.ent_coef = run.residual.pull_at(self.budget.fraction)
        sight = policy.features_extractor
        is_due = self.budget.fraction >= run.unfreeze.after
        if isinstance(sight, ThawingFeatures) and (sight.is_thawed or is_due):
            sight.thaw(run.unfreeze.towers)
        self.ppo.learn(run.ppo.n_steps * run.n_slots, reset_num_timesteps=False)
