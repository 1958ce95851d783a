"""AdamW with what this model needs: three groups, one schedule, and moments that travel."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from vla_sim.ranges import above, at_least, within

TEMPERATURE = ("log_inverse_temperature", "contrast_bias")
"""Parameters with these prefixes, which scale and shift similarities, have a rate of their own."""
FASTEST_TEMPERATURE = 1e-3
"""Its highest: a faster scale swings between its bounds before the towers have turned (chapter 5's
checklist)."""
BASES = ("vision.base.", "text.base.")
"""And so have those with these."""
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, kw_only=True)
class OptimiserConfig:
    """Settings of Optimiser."""

    learning_rate: float = 2e-3
    temperature_learning_rate: float = 5e-4
    base_learning_rate: float = 2e-4
    """Of what is learnt of somebody else's model, its adapter or its own weights: what took them
    millions of pictures is soon forgotten."""
    weight_decay: float = 1e-2
    warm_up_fraction: float = 0.02
    """Share of the budget in which the learning rate rises."""
    last_rate: float = 0.02
    """Learning rate at the end, as a share of the highest."""
    gradient_norm: float = 1.0
    """Longer gradients are shortened to this."""

    def __post_init__(self) -> None:
        above(0, learning_rate=self.learning_rate, gradient_norm=self.gradient_norm)
        at_least(
            0,
            base_learning_rate=self.base_learning_rate,
            weight_decay=self.weight_decay,
        )
        within(0, FASTEST_TEMPERATURE, temperature_learning_rate=self.temperature_learning_rate)
        within(0, 1, warm_up_fraction=self.warm_up_fraction, last_rate=self.last_rate)

    def share(self, fraction: float) -> float:
        """Learning rate as a share of the highest, after a fraction of the budget."""
        rising = min(1.0, (fraction + 1e-3) / max(self.warm_up_fraction, 1e-3))
        falling = 0.5 * (1.0 + math.cos(math.pi * fraction))
        return rising * (self.last_rate + (1.0 - self.last_rate) * falling)


class Optimiser:
    """Steps a model. Frozen parameters have no gradient and so stand still, decay included."""

    def __init__(self, config: OptimiserConfig, model: nn.Module) -> None:
        self.config = config
        self.model = model
        self.adam = torch.optim.AdamW(self._groups(), fused=True)

    def zero_grad(self) -> None:
        """Forget all gradients."""
        self.adam.zero_grad(set_to_none=True)

    def clip(self) -> Tensor:
        """Shorten the gradient if it is too long; returns the norm that it had."""
        return clip_grad_norm_(self.model.parameters(), self.config.gradient_norm)

    def not_finite(self) -> list[str]:
        """The first few weights whose gradient is no number."""
        wrong = (
            name
            for name, weight in self.model.named_parameters()
            if weight.grad is not None and not torch.isfinite(weight.grad).all()
        )
        return list(islice(wrong, 3))

    def step(self, fraction: float) -> None:
        """Update the model after a fraction of the budget."""
        for group in self.adam.param_groups:
            group["lr"] = group["highest"] * self.config.share(fraction)
        self.adam.step()

    def state(self) -> dict[str, Tensor]:
        """The moments by the names of their parameters, copied."""
        return {
            f"{key}.{name}": value.detach().clone()
            for name, parameter in self.model.named_parameters()
            for key, value in self.adam.state.get(parameter, {}).items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the moments of another optimiser of an equal model."""
        self.adam.state.clear()
        for name, parameter in self.model.named_parameters():
            moments = {
                key: _laid_out_as(parameter, state[f"{key}.{name}"])
                for key in MOMENTS
                if f"{key}.{name}" in state
            }
            if moments:
                self.adam.state[parameter] = moments

    def _groups(self) -> list[dict[str, Any]]:
        """By rate, and in each: matrices decay; vectors and the temperatures do not."""
        named = list(self.model.named_parameters())
        config = self.config
        foreign = [p for name, p in named if name.startswith(BASES)]
        thetas = [p for name, p in named if name.startswith(TEMPERATURE)]
        others = [p for name, p in named if not name.startswith((*BASES, *TEMPERATURE))]
        groups = []
        for own, rate in ((others, config.learning_rate), (foreign, config.base_learning_rate)):
            for decay, kept in (
                (config.weight_decay, [p for p in own if p.ndim >= 2]),
                (0.0, [p for p in own if p.ndim < 2]),
            ):
                groups.append({"params": kept, "weight_decay": decay, "highest": rate})
        rate = config.temperature_learning_rate
        groups.append({"params": thetas, "weight_decay": 0.0, "highest": rate})
        return [group for group in groups if group["params"]]


def _laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """A copy in the parameter's memory layout, which a file does not keep.

    The fused optimiser walks through memory: moments in another order would be those of others.
    """
    if value.shape != parameter.shape:
        return value.to(parameter.device, copy=True)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
