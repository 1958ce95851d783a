"""OpenDrawer: closed fingers down into the room behind the handle, then pull."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.drawer import DrawerExpert, DrawerSettings
from vla_sim.agents.experts.fixture_expert import WORK
from vla_sim.agents.experts.phases import CLOSED, Floats, Hand, Moves, State
from vla_sim.assets.cabinet import BAR_M, GAP_M
from vla_sim.assets.panda import FINGER_HALF_M
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


@dataclass(frozen=True, kw_only=True)
class OpenDrawerExpertConfig(DrawerSettings):
    """Settings of OpenDrawerExpert."""

    open_m: float = 0.15
    """How far the drawer is pulled out [m]."""
    hook_height_m: float = 0.038
    """The tool's height while it pulls: fingertips behind the bar, palm above the cabinet [m]."""
    before_m: float = 0.008
    """The fingers come down this far before the bar: near it, so that they meet it slowly [m]."""
    aside_m: float = 0.022
    """Fingers that are no farther than this off the handle's middle are behind its bar [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "OpenDrawerExpert":
        """The expert for one arm."""
        return OpenDrawerExpert(self, embodiment, manners)


class OpenDrawerExpert(DrawerExpert[OpenDrawerExpertConfig]):
    """Hook and pull."""

    def read(self, hand: Hand, world: State) -> Moves:
        """Over the room behind the handle, down into it, out with the bar."""
        c, face = self.config, world["face"]
        hook = face.copy()
        hook[:, 0] += world["out"] + BAR_M[0] - FINGER_HALF_M - c.before_m
        hook[:, 2] = c.hook_height_m
        inside = hand.position[:, 0] - face[:, 0] - world["out"]
        is_behind = (inside > GAP_M[0] + FINGER_HALF_M - c.slack_m) & (
            inside < BAR_M[0] - FINGER_HALF_M + c.slack_m
        )
        is_behind &= np.abs(hand.position[:, 1] - face[:, 1]) < c.aside_m
        touches = inside > BAR_M[0] - FINGER_HALF_M - c.touch_m
        is_behind &= self.is_down(hand, c.hook_height_m, touches)
        pulled = hook.copy()
        pulled[:, 0] = face[:, 0] + c.open_m + BAR_M[0] - FINGER_HALF_M
        moves = Moves(hand.position)
        moves.take(WORK, is_behind, pulled, CLOSED)
        self.closed_over(hand, moves, hook)
        return moves

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """The bar goes where the fingers go."""
        pulled = hand.position[:, 0] + FINGER_HALF_M - BAR_M[0] - world["face"][:, 0]
        is_pulling = moves.phase == WORK
        world["out"] = np.where(is_pulling, np.maximum(world["out"], pulled), world["out"])
