"""Two losses of scales 1 : 100 on one representation: do they learn at one rate?

Legend: X representation, Y what a loss asks for.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vla_sim.align.reconciling.gradnorm import GradNorm, GradNormConfig
from vla_sim.align.reconciling.losses import StepLosses
from vla_sim.align.reconciling.reconciler import Reconciler
from vla_sim.align.reconciling.weigher import Seen

SCALES = {"small": 1.0, "large": 100.0}
N_STEPS = 500
N_X, N_Y = 64, 24
FARTHER = 2.0
"""How much farther the large loss has to go: gradients of one length would not be enough."""
RATE = 2e-4


class Backwards(GradNorm):
    """GradNorm whose force has the wrong sign: who pulls too hard is given more."""

    def see(self, seen: Seen) -> None:
        """See `Weigher`; the weights move the other way."""
        before = {term: self.say[term] for term in self.initial}
        super().see(seen)
        for term, say in before.items():
            self.say[term] = 2.0 * say - self.say[term]


def weigher(kind: str) -> GradNorm | None:
    """By kind: "fixed", "gradnorm", and two wrong signs, "wrong force" and "wrong alpha"."""
    config = GradNormConfig(every=1, learning_rate=0.1)
    if kind == "fixed":
        return None
    made = Backwards(config) if kind == "wrong force" else GradNorm(config)
    if kind == "wrong alpha":
        made.alpha = -made.alpha
    return made


def relative_rates(kind: str, seed: int = 0) -> Mapping[str, float]:
    """Loss over initial loss, over the mean of both, after 500 steps; 1 each at equal rates."""
    generator = torch.Generator().manual_seed(seed)
    asks = {name: torch.linalg.qr(torch.randn(N_X, N_Y, generator=generator))[0] for name in SCALES}
    goals = {name: torch.randn(N_Y, generator=generator) for name in SCALES}
    goals = {name: goal_Y / goal_Y.norm() for name, goal_Y in goals.items()}
    goals["large"] *= FARTHER
    z_X = nn.Parameter(torch.zeros(N_X))

    def losses() -> dict[str, Tensor]:
        return {
            name: scale * 0.5 * (z_X @ asks[name] - goals[name]).square().sum()
            for name, scale in SCALES.items()
        }

    optimiser = torch.optim.SGD([z_X], lr=RATE)
    config = GradNormConfig(watch_every=None)
    reconciler = Reconciler(config, {"all": tuple(SCALES)}, weigher=weigher(kind))
    first = {name: float(loss.detach()) for name, loss in losses().items()}
    for step in range(N_STEPS):
        terms = losses()
        optimiser.zero_grad()
        reconciler.backward(
            StepLosses.of(
                terms,
                reconciler.weights(dict.fromkeys(SCALES, 1.0)),
                shared=[z_X],
                leaves=[z_X],
                parameters=[],
            ),
            values={name: float(term.detach()) for name, term in terms.items()},
            chance=first,  # at z = 0 nothing is known
            n_steps=step,
            generator=generator,
        )
        optimiser.step()
    ratios = {name: float(loss.detach()) / first[name] for name, loss in losses().items()}
    mean = sum(ratios.values()) / len(ratios)
    return {name: ratio / mean for name, ratio in ratios.items()}
