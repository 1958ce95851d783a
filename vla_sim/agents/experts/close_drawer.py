"""CloseDrawer: closed fingers down before the handle, then push."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.drawer import DrawerExpert, DrawerSettings
from vla_sim.agents.experts.fixture_expert import WORK
from vla_sim.agents.experts.phases import CLOSED, Floats, Hand, Moves, State
from vla_sim.assets.cabinet import BAR_M
from vla_sim.assets.panda import FINGER_HALF_M
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


@dataclass(frozen=True, kw_only=True)
class CloseDrawerExpertConfig(DrawerSettings):
    """Settings of CloseDrawerExpert."""

    funnel_m: float = 0.018
    slack_m: float = 0.016
    closed_out_m: float = 0.002
    """How far the drawer is still out at the end of the push [m]."""
    push_height_m: float = 0.04
    """The tool's height while it pushes: fingertips before the bar, palm above all drawers [m]."""
    before_m: float = 0.012
    """The fingers come down this far before the bar: near it, so that they meet it slowly [m]."""
    reach_m: float = 0.08
    """Low fingers no farther than this before the bar push where they are [m]."""
    aside_m: float = 0.036
    """And no farther than this off the handle's middle [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "CloseDrawerExpert":
        """The expert for one arm."""
        return CloseDrawerExpert(self, embodiment, manners)


class CloseDrawerExpert(DrawerExpert[CloseDrawerExpertConfig]):
    """Push from the front."""

    def read(self, hand: Hand, world: State) -> Moves:
        """Over a place before the handle, down, and in with the bar."""
        c, face = self.config, world["face"]
        touch = BAR_M[1] + FINGER_HALF_M
        front = face.copy()
        front[:, 0] += world["out"] + touch + c.before_m
        front[:, 2] = c.push_height_m
        before = hand.position[:, 0] - face[:, 0] - world["out"] - touch
        is_before = (before > -c.slack_m) & (before < c.reach_m)
        is_before &= np.abs(hand.position[:, 1] - face[:, 1]) < c.aside_m
        is_before &= self.is_down(hand, c.push_height_m, before < c.touch_m)
        pushed = front.copy()
        pushed[:, 0] = face[:, 0] + c.closed_out_m + touch
        moves = Moves(hand.position)
        moves.take(WORK, is_before, pushed, CLOSED)
        self.closed_over(hand, moves, front)
        return moves

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """The bar goes where the fingers go."""
        touch = BAR_M[1] + FINGER_HALF_M
        pushed = np.maximum(hand.position[:, 0] - touch - world["face"][:, 0], 0.0)
        is_pushing = moves.phase == WORK
        world["out"] = np.where(is_pushing, np.minimum(world["out"], pushed), world["out"])
