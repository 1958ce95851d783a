"""PressButton: over the button with closed fingers, then down on its cap."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.fixture_expert import FixtureExpert, FixtureSettings
from vla_sim.agents.experts.phases import Floats, Hand, Ints, Moves, State
from vla_sim.assets.buttons import BUTTON_TOP_M
from vla_sim.assets.panda import FINGERTIP_M
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


@dataclass(frozen=True, kw_only=True)
class PressButtonExpertConfig(FixtureSettings):
    """Settings of PressButtonExpert."""

    funnel_m: float = 0.02
    # Fingers half closed fit a cap; waiting for more would cost a quick hand its speed.
    closed_m: float = 0.03
    closing_slope: float = 0.3
    press_m: float = 0.0105
    """How far the cap is pushed down [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "PressButtonExpert":
        """The expert for one arm."""
        return PressButtonExpert(self, embodiment, manners)


class PressButtonExpert(FixtureExpert[PressButtonExpertConfig]):
    """A straight push: the way down ends with the cap pushed in."""

    goals_of = "fixture_pos"
    reads = (*FixtureExpert.HAND, "fixture_pos")

    def world(self, state: State, goal: Ints) -> State:
        """Where the tool is when the goal's button is pushed."""
        place: Floats = state["fixture_pos"][np.arange(len(goal)), goal]
        place[:, 2] += BUTTON_TOP_M - self.config.press_m + FINGERTIP_M
        return {"pushed": place}

    def read(self, hand: Hand, world: State) -> Moves:
        """Over the button, and down on it."""
        moves = Moves(hand.position)
        self.closed_over(hand, moves, world["pushed"])
        return moves
