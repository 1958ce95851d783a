"""Experts that move fixtures: over a place, down on it, and then what the leaf does there.

Beside its own phases a leaf has the way to a place (`over`), and what tells it that the hand is
down. The hand turns as briskly as its manner says, and phases are read twice as rarely as by the
experts that carry things.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np

from vla_sim.agents.experts.phases import (
    CLOSED,
    Bools,
    Floats,
    Hand,
    Moves,
    PhasedExpert,
    PhaseSettings,
    State,
)
from vla_sim.agents.experts.yaw_servo import YawServo, heeding
from vla_sim.assets.panda import GRIPPER_STROKE_M
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

APPROACH, CLIMB, DESCEND, WORK = range(4)
"""Phases that every expert here has; a leaf may number more of them from `WORK` on."""


@dataclass(frozen=True, kw_only=True)
class FixtureSettings(PhaseSettings):
    """Settings of every expert that moves fixtures."""

    travel_height_m: float = 0.13
    funnel_slope: float = 0.1
    closed_m: float = 0.016
    """Fingers that are open no wider than this count as closed [m]."""
    closing_slope: float = 0.15
    """How much wider they may still be for each metre that they have to go down."""
    down_m: float = 0.008
    """A hand this far above where it goes down to is down, once it sinks no faster than [m]"""
    sink_m_s: float = 0.08
    """this [m/s]: motion sideways would let it sink too far."""
    slip_m: float = 0.018
    """And a hand that touches what it moves may slip up this far [m]."""


Settings = TypeVar("Settings", bound=FixtureSettings)


class FixtureExpert(PhasedExpert[Settings]):
    """What these experts share: how a hand gets to a fixture."""

    HAND: ClassVar[tuple[str, ...]] = (
        *PhasedExpert.HAND,
        "tcp_yaw",
        "tcp_yaw_rate",
    )

    read_every: ClassVar[int] = 2  # a tenth of a second
    same_target_m: ClassVar[float] = np.inf  # a phase has one plan
    stroke_m: ClassVar[float] = GRIPPER_STROKE_M

    def __init__(
        self,
        config: Settings,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(config, embodiment, manners)
        self._top_rate = heeding(manners)

    def turn(self, state: State) -> YawServo:
        """As the manner says."""
        return YawServo(state["tcp_yaw"], state["tcp_yaw_rate"], self.dt_s, self._top_rate)

    def is_down(self, hand: Hand, height_m: float, touches: Bools) -> Bools:
        """(m,) whether hands are down at a height, or still at what they touch (m,)."""
        s, z = self.config, hand.position[:, 2] - height_m
        is_still: Bools = (z < s.down_m) & (hand.velocity[:, 2] > -s.sink_m_s)
        return is_still | (touches & (z < s.slip_m))

    def closed_over(self, hand: Hand, moves: Moves, place: Floats) -> None:
        """The way to `place` (m, 3) with fingers that are closed when they arrive."""
        s = self.config
        rise = np.maximum(hand.position[:, 2] - place[:, 2], 0.0)
        ready = hand.width < s.closed_m + s.closing_slope * rise
        self.over(hand, moves, place, gripper=CLOSED, ready=ready)

    def over(
        self,
        hand: Hand,
        moves: Moves,
        place: Floats,
        *,
        gripper: float,
        ready: Bools,
        yaw_rad: Floats | None = None,
    ) -> None:
        """The way to `place` (m, 3): above it at travelling height, then down once `ready` (m,)."""
        s = self.config
        off = length(hand.position - place) + s.settle_s * length(hand.velocity)
        rise = np.maximum(hand.position[:, 2] - place[:, 2], 0.0)
        over = off < s.funnel_m + s.funnel_slope * rise
        moves.take(DESCEND, over & ready, place, gripper, yaw_rad)
        is_low = hand.position[:, 2] < s.travel_height_m - s.low_m
        up = hand.position.copy()
        up[:, 2] = s.travel_height_m
        moves.take(CLIMB, is_low & ~over, up, gripper, yaw_rad)
        above = place.copy()
        above[:, 2] = s.travel_height_m
        moves.take(APPROACH, np.ones(len(place), dtype=bool), above, gripper, yaw_rad)


def length(vector: Floats) -> Floats:
    """Horizontal length of vectors (m, 3), shape (m,)."""
    x, y = vector[:, 0], vector[:, 1]
    size: Floats = np.sqrt(x * x + y * y)
    return size
