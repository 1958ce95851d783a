"""Start: what a policy is before its first improvement, and how it may leave that."""

from dataclasses import dataclass
from typing import Literal, get_args

from vla_sim.ranges import above, at_least, whole, within

StartKind = Literal["residual", "decoder", "head", "scratch"]
STARTS: tuple[StartKind, ...] = get_args(StartKind)
"""A correction of the aligned policy, zero at first, by a network of its own or by the policy's
decoder that learns along; a new head on its features; or the same network with weights drawn anew.
"""
CORRECTING: tuple[StartKind, ...] = ("residual", "decoder")
"""Those that begin as the aligned policy."""


@dataclass(frozen=True, kw_only=True)
class ResidualConfig:
    """Settings of a start that corrects the aligned policy."""

    scale: float = 0.3
    """Largest correction of each component of an action, of its range of -1 to 1."""
    warm_up_env_steps: int = 20_000
    """Control steps in which the critic learns and the actor stands still."""
    pull: float = 0.1
    """Weight of the KL divergence from the start in the loss, at first."""
    pull_until: float = 1.0
    """Share of the budget after which nothing pulls any more; until there it fades evenly."""
    decoder_rate: float = 3e-5
    """Learning rate of the decoder, where `start` is "decoder"; it falls with the budget."""

    def __post_init__(self) -> None:
        above(0, scale=self.scale, pull_until=self.pull_until, decoder_rate=self.decoder_rate)
        within(0, 1, scale=self.scale, pull_until=self.pull_until)
        whole(0, warm_up_env_steps=self.warm_up_env_steps)
        at_least(0, pull=self.pull)

    def pull_at(self, fraction: float) -> float:
        """The weight after a fraction of the budget."""
        return self.pull * max(0.0, 1.0 - fraction / self.pull_until)
