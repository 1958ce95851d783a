"""Experts that move fixtures: phases that are read off the state alone, over straight motions.

A leaf says which arrays it reads, in which phase each row is (`read`) and what the hand's motion
does to the world while a chunk is rolled out (`carry`). No phase remembers anything, so a strange
state of another policy gets a sensible answer too.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig
from vla_sim.agents.experts.yaw_motion import YawMotionConfig
from vla_sim.assets.panda import GRIPPER_SPEED_M_S, GRIPPER_STROKE_M
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
State = dict[str, Floats]

OPEN, CLOSED = 1.0, -1.0
READ_EVERY = 2
"""Steps of a chunk from one look at the phases to the next: a tenth of a second."""
APPROACH, CLIMB, DESCEND, WORK = range(4)
"""Phases that every expert here has; a leaf may number more of them from `WORK` on."""

_HAND = (
    "tcp_pos",
    "tcp_vel",
    "tcp_acc",
    "tcp_yaw",
    "tcp_yaw_rate",
    "tcp_yaw_acc",
    "gripper_width",
)


@dataclass(frozen=True, kw_only=True)
class PhaseSettings:
    """Settings of every expert that moves fixtures."""

    travel_height_m: float = 0.13
    """Sideways motion happens at least this high above the table [m]."""
    low_m: float = 0.02
    """A hand this far below that height rises before it moves sideways [m]."""
    funnel_m: float = 0.012
    """A hand that is at most this far off goes down, or corrects itself where it is [m]."""
    funnel_slope: float = 0.1
    """How much farther off the hand may be for each metre above where it goes."""
    settle_s: float = 0.1
    """Sideways speed counts as this much more off."""
    closed_m: float = 0.016
    """Fingers that are open no wider than this count as closed [m]."""
    down_m: float = 0.008
    """A hand this far above where it goes down to is down, once it sinks no faster than [m]"""
    sink_m_s: float = 0.08
    """this [m/s]: motion sideways would let it sink too far."""
    slip_m: float = 0.018
    """And a hand that touches what it moves may slip up this far [m]."""
    closing_slope: float = 0.15
    """How much wider they may still be for each metre that they have to go down."""


@dataclass
class Hand:
    """Hands while a chunk is rolled out, m rows.

    Attributes:
        position: Tool points [m], shape (m, 3).
        velocity: Their velocities [m/s], shape (m, 3).
        width: Openings of the grippers [m], shape (m,).
        yaw: Turns about the vertical [rad], shape (m,).
    """

    position: Floats
    velocity: Floats
    width: Floats
    yaw: Floats


@dataclass
class Wish:
    """What each hand should do now, m rows.

    Attributes:
        phase: A plan is kept as long as the phase stays the same, shape (m,).
        target: Where the tool shall come to rest [m], shape (m, 3).
        gripper: OPEN or CLOSED, shape (m,).
        yaw: How the tool shall be turned [rad], shape (m,).
    """

    phase: Ints
    target: Floats
    gripper: Floats
    yaw: Floats

    def where(self, rows: Bools, phase: int, target: Floats, gripper: float) -> None:
        """Change what is wished for in the rows of a mask (m,)."""
        np.copyto(self.phase, phase, where=rows)
        np.copyto(self.target, target, where=rows[:, None])
        np.copyto(self.gripper, gripper, where=rows)


Settings = TypeVar("Settings", bound=PhaseSettings)


class FixtureExpert(ABC, Generic[Settings]):
    """The chunk loop that these experts share."""

    goals_of: str
    """Name of an array with a row per goal."""
    told: tuple[str, ...]
    """What is read beyond the hand."""

    def __init__(
        self,
        config: Settings,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self.config = config
        self._dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=self._dt_s).build(manners)
        self._turn = YawMotionConfig(dt_s=self._dt_s).build(manners)

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of what it reads of the privileged state."""
        return (*_HAND, *self.told)

    @abstractmethod
    def world(self, state: State, goal: Ints) -> State:
        """What the phases are read off: arrays of m rows, which `carry` may write to."""

    @abstractmethod
    def read(self, hand: Hand, world: State) -> Wish:
        """The phase of each row."""

    @abstractmethod
    def carry(self, hand: Hand, world: State, wish: Wish) -> None:
        """Update the world, and the width at which fingers stop, after one step of the hand."""

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(privileged, self.reads, goal, manner, size, goals_of=self.goals_of)
        world = self.world(state, goal)
        m = len(goal)
        tool = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        turn = self._turn.start(state["tcp_yaw"], state["tcp_yaw_rate"], state["tcp_yaw_acc"])
        hand = Hand(tool.position, tool.velocity, state["gripper_width"].copy(), turn.yaw)
        phase = np.full(m, -1)
        action = np.zeros((m, size, len(self._scale)))
        for k in range(size):
            if k % READ_EVERY == 0:
                wish = self.read(hand, world)
                changed = np.flatnonzero(wish.phase != phase)
                tool.aim(changed, wish.target[changed], manner[changed])
                turn.aim(changed, wish.yaw[changed], manner[changed])
                phase = wish.phase
                step = GRIPPER_SPEED_M_S * self._dt_s * wish.gripper
            velocity, rate = tool.velocity, turn.rate
            action[:, k, :3] = input_for(velocity, tool.advance(), self._gain)
            action[:, k, 5] = input_for(rate, turn.advance(), self._gain)
            action[:, k, 6] = wish.gripper
            wider = np.minimum(hand.width + step, np.maximum(hand.width, GRIPPER_STROKE_M))
            hand.width = np.maximum(wider, 0.0)
            hand.position, hand.velocity, hand.yaw = tool.position, tool.velocity, turn.yaw
            self.carry(hand, world, wish)
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)

    def is_down(self, hand: Hand, height_m: float, touches: Bools) -> Bools:
        """(m,) whether hands are down at a height, or still at what they touch (m,)."""
        s, z = self.config, hand.position[:, 2] - height_m
        is_still: Bools = (z < s.down_m) & (hand.velocity[:, 2] > -s.sink_m_s)
        return is_still | (touches & (z < s.slip_m))

    def closed_over(self, hand: Hand, place: Floats) -> Wish:
        """The way to `place` (m, 3) with fingers that are closed when they arrive."""
        s = self.config
        rise = np.maximum(hand.position[:, 2] - place[:, 2], 0.0)
        ready = hand.width < s.closed_m + s.closing_slope * rise
        return self.over(hand, place, gripper=CLOSED, ready=ready)

    def over(self, hand: Hand, place: Floats, *, gripper: float, ready: Bools) -> Wish:
        """The way to `place` (m, 3): above it at travelling height, then down once `ready` (m,)."""
        s = self.config
        above = place.copy()
        above[:, 2] = s.travel_height_m
        m = len(place)
        wish = Wish(np.full(m, APPROACH), above, np.full(m, gripper), np.zeros(m))
        off = length(hand.position - place) + s.settle_s * length(hand.velocity)
        rise = np.maximum(hand.position[:, 2] - place[:, 2], 0.0)
        over = off < s.funnel_m + s.funnel_slope * rise
        is_low = hand.position[:, 2] < s.travel_height_m - s.low_m
        up = hand.position.copy()
        up[:, 2] = s.travel_height_m
        wish.where(is_low & ~over, CLIMB, up, gripper)
        wish.where(over & ready, DESCEND, place, gripper)
        return wish


def length(vector: Floats) -> Floats:
    """Horizontal length of vectors (m, 3), shape (m,)."""
    x, y = vector[:, 0], vector[:, 1]
    size: Floats = np.sqrt(x * x + y * y)
    return size
