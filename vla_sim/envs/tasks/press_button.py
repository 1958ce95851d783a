"""PressButton: push the button that was named down, and no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.buttons import BUTTON_TOP_M, add_button
from vla_sim.envs.frames.fixture_task import FixtureTask, FixtureTaskConfig
from vla_sim.envs.scenery.fixtures import Fixtures
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.spread import TRAINING, Spread

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PressButtonConfig(FixtureTaskConfig):
    """Settings of PressButton."""

    pressed_m: float = 0.008
    """A cap that is down this far counts as pressed."""
    n_buttons: int = 4
    horizon_s: float = 7.0
    hold_steps: int = 5
    button_low: tuple[float, float] = (0.38, -0.22)
    button_high: tuple[float, float] = (0.60, 0.22)
    column_share: float = 0.45
    """Buttons stand in columns side by side; each may stray from its column's middle by half this
    share of the columns' distance."""
    start_low: tuple[float, float, float] = (0.40, -0.10, 0.27)
    start_high: tuple[float, float, float] = (0.52, 0.10, 0.35)

    def build(self) -> "PressButton":
        """The task with these settings."""
        return PressButton(self)


class PressButton(FixtureTask):
    """Buttons on a table; every one of them can be asked for."""

    def __init__(self, config: PressButtonConfig) -> None:
        names = [f"button_{k}" for k in range(config.n_buttons)]
        super().__init__(config, Fixtures(names, add_button))
        self.config = config

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Buttons from the left of the picture to its right, near or far; the arm above."""
        c = self.config
        low, high = widened(c.button_low, c.button_high, spread.layout)
        columns = np.linspace(low[1], high[1], c.n_buttons)
        stray = 0.5 * c.column_share * (columns[1] - columns[0])
        y = columns + rng.uniform(-stray, stray, c.n_buttons)
        xy = np.column_stack([rng.uniform(low[0], high[0], c.n_buttons), y])
        colour, referents = self.named(rng, "button")
        return Scene(
            start=self.sample_start(rng, spread),
            goals=tuple(
                Goal(intent_id="press", referent=r, outcome=k) for k, r in enumerate(referents)
            ),
            values={"xy": xy, "travel": np.zeros(c.n_buttons), "colour": colour},
        )

    def goal_point(self) -> Floats:
        """(n, n_buttons, 3) on top of each button."""
        point = self.fixtures.place()
        point[:, :, 2] += BUTTON_TOP_M
        return point

    def parts(self) -> Floats:
        """(n, n_buttons, 3) on top of each cap, which goes down with it."""
        point = self.goal_point()
        point[:, :, 2] += self.fixtures.travel()
        return point

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the button, and to push it down."""
        depth = -self.fixtures.travel()[np.arange(len(goal)), goal]
        return {
            "hand_m": self.hand_left(goal),
            "depth_m": np.maximum(self.config.pressed_m - depth, 0.0),
        }

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success while the goal's button is down and no other is."""
        rows = np.arange(len(goal))
        depth = -self.fixtures.travel()
        mine = depth[rows, goal]
        depth[rows, goal] = 0.0
        wrong = np.any(depth > self.config.pressed_m, axis=1)
        return Outcome(
            success=(mine > self.config.pressed_m) & ~wrong,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "down": np.clip(mine / self.config.pressed_m, 0.0, 1.0),
            },
            violations={"wrong_button": wrong},
        )

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the straight way down [m]."""
        return self.distance(goal)
