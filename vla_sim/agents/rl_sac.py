"""SAC by stable-baselines3 that begins at a policy and learns from demonstrations as well.

Legend: N rows, A action components.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import SAC
from stable_baselines3.common.distributions import SquashedDiagGaussianDistribution
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs, ReplayBufferSamples
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecNormalize
from stable_baselines3.sac.policies import Actor, SACPolicy
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.agents.rl_moments import OPTIMISER, moments_of, put_moments
from vla_sim.agents.rl_priced import PricedBuffer
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.ranges import above, at_least, whole, within

_OPTIMISERS = ("actor", "critic")


@dataclass(frozen=True, kw_only=True)
class SacConfig:
    """Settings of SAC."""

    n_steps: int = 16
    """Decisions per slot between two improvements."""
    updates: int = 96
    """Updates of an improvement: many for each decision, since old ones and demonstrations are
    learnt from again and again."""
    batch_size: int = 256
    learning_rate: float = 3e-4
    tau: float = 0.01
    """Share of the critic that its slow copy takes over at each update."""
    buffer: int = 100_000
    """Decisions of its own that are remembered."""
    expert_env_steps: int = 20_000
    """Control steps of the expert that are learnt from, as far as a correction can follow it."""
    start_env_steps: int = 20_000
    """Control steps of the start policy that are learnt from."""
    demonstrations: float = 0.5
    """Share of each batch that is drawn from these; 0 for none."""
    log_std: float = -3.0
    """Logarithm of the corrections' standard deviation at the start, before they are squashed."""
    pull: float = 0.003
    """Weight of the KL divergence from the start, in units of success: what keeps the noise alive
    and the policy near the start."""
    hidden: int = 128

    def __post_init__(self) -> None:
        whole(1, n_steps=self.n_steps, updates=self.updates, hidden=self.hidden)
        whole(2, batch_size=self.batch_size)
        whole(1, buffer=self.buffer)
        whole(0, expert_env_steps=self.expert_env_steps, start_env_steps=self.start_env_steps)
        above(0, learning_rate=self.learning_rate, tau=self.tau)
        at_least(0, pull=self.pull)
        within(0, 1, tau=self.tau, demonstrations=self.demonstrations)
        within(-10, 2, log_std=self.log_std)
        if self.demonstrations and not self.demonstration_env_steps:
            raise BadConfig(
                f"sac.demonstrations is {self.demonstrations}, and nobody demonstrates: "
                "expert_env_steps and start_env_steps are 0; give one of them, or say "
                "--sac.demonstrations 0"
            )

    @property
    def demonstration_env_steps(self) -> int:
        """Control steps of all demonstrations."""
        return self.expert_env_steps + self.start_env_steps

    def build(self, env: SlotVecEnv, *, rate: Callable[[], float], seed: int) -> SAC:
        """SAC with these settings, on the CPU.

        Args:
            env: What it acts in; the discount is the environment's.
            rate: The learning rate now. Asked at every improvement.
            seed: Seed of weights and noise.
        """
        set_random_seed(seed)
        sac = SAC(
            StartedSacPolicy,
            env,
            learning_rate=lambda _: rate(),
            buffer_size=self.buffer,
            learning_starts=0,
            batch_size=self.batch_size,
            tau=self.tau,
            gamma=env.config.discount,
            train_freq=(self.n_steps, "step"),
            gradient_steps=self.updates,
            ent_coef=self.pull,
            replay_buffer_class=DemonstratedBuffer,
            policy_kwargs={
                "net_arch": [self.hidden, self.hidden],
                "log_std_init": self.log_std,
                "normalize_images": False,
            },
            device="cpu",
        )
        sac.set_logger(Logger(folder=None, output_formats=[]))
        return sac


class DemonstratedBuffer(PricedBuffer):
    """A memory of whose batches a share comes from another one.

    Source:
        Ball et al., "Efficient online reinforcement learning with offline data" (RLPD), 2023.
    """

    demonstrated: PricedBuffer | None = None
    share: float = 0.0

    def price(self, prices: NDArray[np.floating]) -> None:
        """See `PricedBuffer`; demonstrations are at the same prices."""
        super().price(prices)
        if self.demonstrated is not None:
            self.demonstrated.price(prices)

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """A batch: the share of demonstrations last."""
        n = round(self.share * batch_size)
        if self.demonstrated is None or n == 0:
            return super().sample(batch_size, env)
        if n == batch_size:
            return self.demonstrated.sample(batch_size, env)
        own, shown = super().sample(batch_size - n, env), self.demonstrated.sample(n, env)
        return ReplayBufferSamples(
            torch.cat((own.observations, shown.observations)),
            torch.cat((own.actions, shown.actions)),
            torch.cat((own.next_observations, shown.next_observations)),
            torch.cat((own.dones, shown.dones)),
            torch.cat((own.rewards, shown.rewards)),
        )


class StartedActor(Actor):
    """An actor that begins as a squashed N(0, start_std) everywhere.

    Where SAC takes the logarithm of an action's probability, it is given that of its ratio to the
    start's: what SAC then holds against the value is the KL divergence from the start.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start_log_std = float(kwargs["log_std_init"])
        assert isinstance(self.mu, nn.Linear) and isinstance(self.log_std, nn.Linear)
        with torch.no_grad():
            for part in (*self.mu.parameters(), self.log_std.weight):
                part.zero_()
            self.log_std.bias.fill_(self.start_log_std)

    def action_log_prob(self, obs: PyTorchObs) -> tuple[Tensor, Tensor]:
        """Actions, and the logarithm of how much likelier they are than under the start."""
        actions, log_prob = super().action_log_prob(obs)
        assert isinstance(self.action_dist, SquashedDiagGaussianDistribution)
        before = self.action_dist.gaussian_actions
        assert before is not None
        start = SquashedDiagGaussianDistribution(actions.shape[1])
        log_std_NA = torch.full_like(actions, self.start_log_std)
        start.proba_distribution(torch.zeros_like(actions), log_std_NA)
        return actions, log_prob - start.log_prob(actions, before)


class StartedSacPolicy(SACPolicy):
    """SAC's networks, with an actor that begins at zero and critics that are normalised inside.

    Layer normalisation bounds what a critic says of actions that nobody took, which is what breaks
    off-policy learning at many updates a step.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for critic in (self.critic, self.critic_target):
            for net in critic.q_networks:
                assert isinstance(net, nn.Sequential)
                for place, part in enumerate(net):
                    if isinstance(part, nn.ReLU):
                        net[place] = _NormedReLU()

    def make_actor(self, features_extractor: BaseFeaturesExtractor | None = None) -> Actor:
        """An actor from zero."""
        kwargs = self._update_features_extractor(self.actor_kwargs, features_extractor)
        return StartedActor(**kwargs).to(self.device)

    def hold(self, still: bool) -> None:
        """Let the actor stand still while the critic learns, or move again."""
        self.actor.requires_grad_(not still)


class _NormedReLU(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        """Layer normalisation without weights, then ReLU."""
        return functional.layer_norm(values, values.shape[-1:]).relu()


def sac_tensors(sac: SAC) -> dict[str, Tensor]:
    """Weights and the optimisers' moments: what a training needs to go on, but for the buffer."""
    tensors = dict(sac.policy.state_dict())
    for name in _OPTIMISERS:
        tensors |= moments_of(_optimiser(sac, name), f"{name}.")
    return tensors


def load_sac_tensors(sac: SAC, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `sac_tensors` gave.

    Raises:
        DamagedFile: If they are of another network.
    """
    weights = {k: v for k, v in tensors.items() if not k.startswith(OPTIMISER)}
    try:
        sac.policy.load_state_dict(weights)
        for name in _OPTIMISERS:
            put_moments(_optimiser(sac, name), tensors, f"{name}.")
    except (RuntimeError, ValueError) as error:
        raise DamagedFile("the saved weights are of another network; finetune again") from error


def _optimiser(sac: SAC, name: str) -> torch.optim.Optimizer:
    optimiser: torch.optim.Optimizer = getattr(sac, name).optimizer
    return optimiser
