"""Thaw: from some share of the budget on, the encoder that gives the features learns along.

Legend: N rows, X features.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor, nn

from vla_sim.agents.rl_sight import Observer
from vla_sim.align.model import AlignModel
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.rl.rl_features import Kind, LearningSight, LearntFeatures
from vla_sim.ranges import above, as_by_default, some, within
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

TOWERS = ("vision", "text", "policy", "fusion")
"""What of an encoder makes features: pictures, words, the heads that say where to go, and z_S."""
NEVER = 1.0
_FROZEN = "frozen"


@dataclass(frozen=True, kw_only=True)
class UnfreezeConfig:
    """Settings of the thaw."""

    after: float = NEVER
    """Share of the budget after which the features' encoder learns along, end to end; 1: never.
    What plans stays the aligned policy: it is a copy that learns."""
    rate: float = 1e-5
    """Its learning rate at the start of the budget, with which it falls."""
    towers: tuple[str, ...] = ("vision", "policy")
    """What of it learns: "vision", "text", "policy" (the heads that say where to go), "fusion"
    (z_S, where `features` has it)."""

    def __post_init__(self) -> None:
        within(0, 1, after=self.after)
        above(0, rate=self.rate)
        some(towers=self.towers)
        for tower in self.towers:
            if tower not in TOWERS:
                raise UnknownName("tower", tower, TOWERS)
        if not self.is_on:
            why = f" and unfreeze.after is {self.after:g}, which is never; give it a share below 1"
            as_by_default("unfreeze", self, ("rate", "towers"), why)

    @property
    def is_on(self) -> bool:
        """It comes before the budget is spent."""
        return self.after < NEVER

    def check(self, features: Kind) -> None:
        """Refuse towers that the features are not made by.

        Raises:
            BadConfig: If one is named.
        """
        if self.is_on and "fusion" in self.towers and features == "state":
            raise BadConfig(
                "unfreeze.towers names 'fusion', and features is 'state', which is made without "
                "it; say --features both, or leave it away"
            )


class ThawingSight:
    """An `Observer` that shows what a frozen one shows, and the raw moment beside it."""

    def __init__(self, frozen: Observer, raw: LearningSight) -> None:
        self.frozen = frozen
        self.raw = raw

    def space(self, body: Embodiment, image_size: int) -> spaces.Dict:
        """A Dict of both."""
        raw = self.raw.space(body, image_size).spaces
        return spaces.Dict({**raw, _FROZEN: self.frozen.space(body, image_size)})

    def see(self, told: PolicyInput) -> dict[str, NDArray[Any]]:
        """Arrays of shape (m, ...)."""
        row = self.frozen.see(told)
        assert isinstance(row, np.ndarray)
        return {**self.raw.see(told), _FROZEN: row}


class ThawingFeatures(LearntFeatures):
    """The frozen features until `thaw`; from then on those of a copy that learns.

    What a frozen observation holds beside features, as what is left of a plan, stays as it is.
    """

    def __init__(self, space: spaces.Dict, model: AlignModel, kind: Kind) -> None:
        super().__init__(space, deepcopy(model), kind)
        (width,) = space[_FROZEN].shape or (0,)
        self.n_own = self.features_dim
        self._features_dim = width
        self.model.requires_grad_(False)
        # With the weights, so that a run that goes on with a larger budget stays thawed.
        self.register_buffer("thawed", torch.zeros((), dtype=torch.bool))

    @property
    def is_thawed(self) -> bool:
        """Whether it learns, or has learnt."""
        return bool(self.get_buffer("thawed"))

    def thaw(self, towers: tuple[str, ...]) -> None:
        """Let these towers learn from now on."""
        self.get_buffer("thawed").fill_(True)
        for tower in towers:
            for module in modules_of(self.model, tower):
                module.requires_grad_(True)
        self.model.keep_frozen()

    def forward(self, seen: dict[str, Tensor]) -> Tensor:
        """Features and the rest of the frozen row, shape (N, X)."""
        frozen_NX = seen[_FROZEN]
        if not self.is_thawed:
            return frozen_NX
        return torch.cat((super().forward(seen), frozen_NX[:, self.n_own :]), dim=1)


def modules_of(model: AlignModel, tower: str) -> tuple[nn.Module, ...]:
    """The modules of a tower in TOWERS."""
    return (model.fusion,) if tower == "fusion" else model.parts(tower)
