"""PPO by stable-baselines3: its settings, and its state as plain tensors."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.common.utils import set_random_seed
from torch import Tensor, nn

from vla_sim.agents.rl_moments import OPTIMISER, moments_of, put_moments
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.errors import DamagedFile
from vla_sim.ranges import above, whole, within

_SHARED = "features_extractor."
_ALIASES = ("pi_features_extractor.", "vf_features_extractor.")


@dataclass(frozen=True, kw_only=True)
class PpoConfig:
    """Settings of PPO."""

    n_steps: int = 64
    """Actions per slot between two improvements."""
    batch_size: int = 512
    n_epochs: int = 8
    learning_rate: float = 3e-4
    """At the start; it falls to a tenth with the budget."""
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    target_kl: float = 0.03
    """Epochs end early when the policy has moved so far."""
    max_grad_norm: float = 0.5
    log_std: float = -3.0
    """Logarithm of the actions' standard deviation at the start."""
    hidden: int = 128

    def __post_init__(self) -> None:
        whole(2, n_steps=self.n_steps, batch_size=self.batch_size)
        whole(1, n_epochs=self.n_epochs, hidden=self.hidden)
        above(
            0,
            learning_rate=self.learning_rate,
            clip_range=self.clip_range,
            target_kl=self.target_kl,
            max_grad_norm=self.max_grad_norm,
        )
        within(0, 1, gae_lambda=self.gae_lambda)
        within(-10, 2, log_std=self.log_std)

    def build(
        self,
        env: SlotVecEnv,
        *,
        rate: Callable[[], float],
        seed: int,
        sight: tuple[type[BaseFeaturesExtractor], dict[str, object]] | None = None,
        from_zero: bool = False,
    ) -> PPO:
        """PPO with these settings, on the CPU.

        Args:
            env: What it acts in; the discount is the environment's.
            rate: The learning rate now. Asked at every improvement, as the budget is known to the
                caller alone.
            seed: Seed of weights and noise.
            sight: Class and arguments of a features extractor that learns along.
            from_zero: Begin with actions whose mean is zero everywhere, and measure how far the
                policy has gone from there, see `StartedPolicy`.
        """
        # Not through PPO's own `seed`, which would also choose the batch's first scenes.
        set_random_seed(seed)
        layers = [self.hidden, self.hidden]
        # ReLU: tanh rounds differently in a vector register than in the scalar loop over the rest.
        kwargs: dict[str, object] = {
            "net_arch": {"pi": layers, "vf": layers},
            "activation_fn": nn.ReLU,
            "log_std_init": self.log_std,
            "normalize_images": False,
        }
        if sight is not None:
            kwargs |= {"features_extractor_class": sight[0], "features_extractor_kwargs": sight[1]}
            # SB3 would draw the extractor's weights anew too; `_orthogonal` does the rest as it.
            kwargs["ortho_init"] = False
        policy = "MlpPolicy" if sight is None else "MultiInputPolicy"
        ppo = PPO(
            StartedPolicy if from_zero else policy,
            env,
            learning_rate=lambda _: rate(),
            n_steps=self.n_steps,
            batch_size=min(self.batch_size, self.n_steps * env.num_envs),
            n_epochs=self.n_epochs,
            gamma=env.config.discount,
            gae_lambda=self.gae_lambda,
            clip_range=self.clip_range,
            target_kl=self.target_kl,
            max_grad_norm=self.max_grad_norm,
            policy_kwargs=kwargs,
            device="cpu",
        )
        if sight is not None:
            _orthogonal(ppo.policy)
        if isinstance(ppo.policy, StartedPolicy):
            ppo.policy.begin_at_zero()
        ppo.set_logger(Logger(folder=None, output_formats=[]))
        return ppo


class StartedPolicy(ActorCriticPolicy):
    """An actor that begins as N(0, start_std) everywhere, with its entropy relative to that.

    Where SB3's loss has the entropy, which pulls towards doing anything, this policy has minus the
    KL divergence from its start, so that `ent_coef` pulls towards the start.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start_log_std = float(kwargs.get("log_std_init", 0.0))

    def begin_at_zero(self) -> None:
        """Let the mean be zero everywhere."""
        with torch.no_grad():
            for part in self.action_net.parameters():
                part.zero_()

    def decide_by(self, actor: nn.Module, rate: Callable[[], float]) -> None:
        """Let another network give the mean; it learns at a rate of its own, see `give_rate`."""
        self.mlp_extractor.add_module("policy_net", actor)
        self.action_net = nn.Identity()
        give_rate(self, actor, rate)

    def evaluate_actions(
        self, obs: PyTorchObs, actions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Values, logarithms of probabilities, and minus the divergence from the start."""
        # One look for both: one that learns along is dear.
        features = self.extract_features(obs)
        assert isinstance(features, Tensor)
        acting = self._get_action_dist_from_latent(self.mlp_extractor.forward_actor(features))
        values = self.value_net(self.mlp_extractor.forward_critic(features))
        gone = divergence(acting.mode(), self.log_std, self.start_log_std)
        return values, acting.log_prob(actions), -gone

    def hold(self, still: bool) -> None:
        """Let the actor stand still while the critic learns, or move again."""
        parts = (self.mlp_extractor.policy_net, self.action_net)
        for part in parts:
            part.requires_grad_(not still)
        self.log_std.requires_grad_(not still)


def divergence(mean_NA: Tensor, log_std_A: Tensor, start_log_std: float) -> Tensor:
    """KL divergence of N(mean, std) from N(0, start_std), components apart, (N,).

    Args:
        mean_NA: Of the actions.
        log_std_A: Logarithm of their standard deviation.
        start_log_std: The same of the start.
    """
    gap_A = log_std_A - start_log_std
    square_NA = (2.0 * gap_A).exp() + (mean_NA * math.exp(-start_log_std)).square()
    return (0.5 * (square_NA - 1.0) - gap_A).sum(dim=-1)


def give_rate(policy: ActorCriticPolicy, part: nn.Module, rate: Callable[[], float]) -> None:
    """Let a part of a policy learn at a rate of its own.

    Args:
        policy: Whose optimiser has done nothing yet.
        part: Of it.
        rate: The rate now; asked at every step.
    """
    own = list(part.parameters())
    known = {id(parameter) for parameter in own}
    others = [parameter for parameter in policy.parameters() if id(parameter) not in known]
    before = policy.optimizer.defaults
    optimiser = torch.optim.Adam(
        [{"params": others}, {"params": own}], lr=before["lr"], eps=before["eps"]
    )

    def keep_rate(optimiser: torch.optim.Optimizer, *_: Any) -> None:
        # SB3 gives all groups the same.
        optimiser.param_groups[1]["lr"] = rate()

    optimiser.register_step_pre_hook(keep_rate)
    policy.optimizer = optimiser


def _orthogonal(policy: ActorCriticPolicy) -> None:
    """SB3's start of actor and critic: orthogonal weights, first actions near zero."""
    for part, gain in (
        (policy.mlp_extractor, 2.0**0.5),
        (policy.action_net, 0.01),
        (policy.value_net, 1.0),
    ):
        part.apply(partial(policy.init_weights, gain=gain))


def tensors_of(ppo: PPO) -> dict[str, Tensor]:
    """Weights, each once, and the optimiser's moments: what a training needs to go on."""
    tensors = {
        name: value
        for name, value in ppo.policy.state_dict().items()
        if not name.startswith(_ALIASES)
    }
    return tensors | moments_of(ppo.policy.optimizer)


def load_tensors(ppo: PPO, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `tensors_of` gave.

    Raises:
        DamagedFile: If they are of another network.
    """
    weights = {k: v for k, v in tensors.items() if not k.startswith(OPTIMISER)}
    for alias in _ALIASES:
        weights |= {
            alias + k.removeprefix(_SHARED): v for k, v in weights.items() if k.startswith(_SHARED)
        }
    try:
        ppo.policy.load_state_dict(weights)
        put_moments(ppo.policy.optimizer, tensors)
    except (RuntimeError, ValueError) as error:
        raise DamagedFile("the saved weights are of another network; finetune again") from error
