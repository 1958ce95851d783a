"""What opening and closing a drawer share: what is known of it, and how contacts are felt."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from vla_sim.agents.experts.fixture_expert import FixtureExpert, FixtureSettings
from vla_sim.agents.experts.phases import Ints, State


@dataclass(frozen=True, kw_only=True)
class DrawerSettings(FixtureSettings):
    """Settings of every expert that moves drawers."""

    touch_m: float = 0.004
    """The fingers are at the bar when they seem to be this close to it [m]."""
    slack_m: float = 0.008
    """How far into drawer or bar the tool may seem to be: contacts give way [m]."""


Settings = TypeVar("Settings", bound=DrawerSettings)


class DrawerExpert(FixtureExpert[Settings]):
    """An expert whose fingers move the bar of a drawer's handle."""

    goals_of = "fixture_pos"
    reads = (*FixtureExpert.HAND, "fixture_pos", "fixture_travel")

    def world(self, state: State, goal: Ints) -> State:
        """The goal's drawer: where it is closed, and how far it is out."""
        rows = np.arange(len(goal))
        return {
            "face": state["fixture_pos"][rows, goal],
            "out": state["fixture_travel"][rows, goal],
        }
