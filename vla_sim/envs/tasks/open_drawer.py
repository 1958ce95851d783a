"""OpenDrawer: pull out the drawer that was named, and no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.cabinet_task import CabinetTask, CabinetTaskConfig
from vla_sim.protocols.task import Outcome, Scene
from vla_sim.records.spread import TRAINING, Spread

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OpenDrawerConfig(CabinetTaskConfig):
    """Settings of OpenDrawer."""

    wanted_m: float = 0.15
    open_m: float = 0.12
    """A drawer that is out this far is open."""
    ajar_m: tuple[float, float] = (0.0, 0.015)
    """How far drawers are out at the start."""
    horizon_s: float = 9.0
    start_low: tuple[float, float, float] = (0.40, -0.10, 0.27)
    start_high: tuple[float, float, float] = (0.50, 0.10, 0.35)

    def build(self) -> "OpenDrawer":
        """The task with these settings."""
        return OpenDrawer(self)


class OpenDrawer(CabinetTask):
    """A cabinet of closed drawers; every one of them can be asked for."""

    def __init__(self, config: OpenDrawerConfig) -> None:
        super().__init__(config, intent_id="open_drawer")
        self.config = config

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A cabinet with all drawers nearly closed."""
        return self.scene(rng, spread, lambda r, k: r.uniform(*self.config.ajar_m, k))

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the goal's drawer is out."""
        out = self.fixtures.travel()[np.arange(len(goal)), goal]
        return self.outcome(goal, out > self.config.open_m, out / self.config.open_m)

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the handle, and to pull the drawer out."""
        out = self.fixtures.travel()[np.arange(len(goal)), goal]
        left = np.maximum(self.config.open_m - out, 0.0)
        return {"hand_m": self.hand_left(goal), "travel_m": left}

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) straight to the handle and out with it [m]."""
        out = self.fixtures.travel()[np.arange(len(goal)), goal]
        return self.distance(goal) + np.maximum(self.config.open_m - out, 0.0)
