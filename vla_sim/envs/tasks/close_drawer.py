"""CloseDrawer: push in the drawer that was named, and no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.cabinet_task import CabinetTask, CabinetTaskConfig
from vla_sim.protocols.task import Outcome, Scene
from vla_sim.records.spread import TRAINING, Spread

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CloseDrawerConfig(CabinetTaskConfig):
    """Settings of CloseDrawer."""

    wanted_m: float = 0.0
    closed_m: float = 0.01
    """A drawer that is out no farther than this is closed."""
    out_m: tuple[float, float] = (0.08, 0.16)
    """How far drawers are out at the start."""
    horizon_s: float = 9.0
    start_low: tuple[float, float, float] = (0.44, -0.10, 0.27)
    start_high: tuple[float, float, float] = (0.54, 0.10, 0.35)

    def build(self) -> "CloseDrawer":
        """The task with these settings."""
        return CloseDrawer(self)


class CloseDrawer(CabinetTask):
    """A cabinet of open drawers; every one of them can be asked for."""

    def __init__(self, config: CloseDrawerConfig) -> None:
        super().__init__(config, intent_id="close_drawer")
        self.config = config

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A cabinet with all drawers open, by different amounts."""
        return self.scene(rng, spread, lambda r, k: r.uniform(*self.config.out_m, k))

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the goal's drawer is in."""
        rows = np.arange(len(goal))
        out = self.fixtures.travel()[rows, goal]
        start = out - self.moved()[rows, goal]
        return self.outcome(
            goal, out < self.config.closed_m, 1.0 - out / np.maximum(start, self.config.closed_m)
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the drawer, and to push it in."""
        out = self.fixtures.travel()[np.arange(len(goal)), goal]
        left = np.maximum(out - self.config.closed_m, 0.0)
        return {"hand_m": self.hand_left(goal), "travel_m": left}

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) straight to the handle and in with it [m]."""
        out = self.fixtures.travel()[np.arange(len(goal)), goal]
        return self.distance(goal) + out
