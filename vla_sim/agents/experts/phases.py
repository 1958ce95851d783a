"""Phases: what experts of an arm share that do one thing after another.

A phase is a target for the tool, to which it moves on a time-optimal straight line, a wish for the
gripper and a turn of the hand. Which phase it is, is read off the state alone and again as a chunk
is rolled out, so an expert remembers nothing and any state gets an answer. A leaf says which arrays
it reads, how phases are read (`read`) and what a step of the hand does to the things around
(`carry`). Plain numpy, row by row: what a row gets does not depend on its batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig, ToolRollout
from vla_sim.assets.panda import GRIPPER_LEAD_M, GRIPPER_SPEED_M_S
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
State = dict[str, Floats]

OPEN, CLOSED = 1.0, -1.0
TOUCH_M = 0.003
"""Fingers that are less than this wider than what is between them touch it [m]."""


@dataclass(frozen=True, kw_only=True)
class PhaseSettings:
    """Settings of every expert that goes down to things and up again."""

    travel_height_m: float = 0.15
    """An empty hand moves sideways at least this high above the table [m]."""
    low_m: float = 0.02
    """A hand this far below that height rises before it moves sideways [m]."""
    funnel_m: float = 0.012
    """A hand that is at most this far off goes down, or corrects itself where it is [m]."""
    funnel_slope: float = 0.05
    """How much farther off the hand may be for each metre above where it goes."""
    settle_s: float = 0.1
    """Sideways speed counts as this much more off."""
    lag_s: float = 0.0
    """How far the measured position trails the commanded one [s]."""


class Turn(Protocol):
    """m tools that turn about the vertical while a chunk is rolled out."""

    yaw: Floats
    """[rad], shape (m,)"""
    rate: Floats
    """[rad/s], shape (m,)"""

    def aim(self, yaw_rad: Floats, manner: Ints) -> None:
        """Hear the yaws that all tools shall have [rad], and in which manners, shape (m,)."""
        ...

    def advance(self) -> Floats:
        """One control step: the new commanded rates [rad/s], shape (m,)."""
        ...


class Hand:
    """m hands while a chunk is rolled out."""

    def __init__(self, tool: ToolRollout, turn: Turn | None, width: Floats) -> None:
        self.width = width.copy()
        """Openings of the grippers [m], shape (m,)."""
        self.pressed = np.zeros(len(width))
        """How much narrower than they are the grippers are commanded [m], shape (m,): as much has
        to be taken back before they open."""
        self.yaw = np.zeros(len(width))
        """Turns about the vertical [rad], shape (m,); zero for experts that do not turn."""
        self.follow(tool, turn)

    def follow(self, tool: ToolRollout, turn: Turn | None) -> None:
        """See where the motions have got to."""
        self.position = tool.position
        """Tool points [m], shape (m, 3); with their velocities and accelerations."""
        self.velocity, self.acceleration = tool.velocity, tool.acceleration
        if turn is not None:
            self.yaw = turn.yaw


class Moves:
    """What m hands do next. Phases are offered in order of precedence: the first one counts."""

    def __init__(self, tool: Floats) -> None:
        m = len(tool)
        self._left = np.ones(m, dtype=bool)
        self.phase = np.full(m, -1)
        """A plan is kept as long as the phase stays the same."""
        self.target = tool.copy()
        """Where the tool shall come to rest [m]."""
        self.gripper = np.zeros(m)
        """OPEN or CLOSED, or how far in between."""
        self.yaw_rad = np.zeros(m)
        """Read by experts that turn the tool."""

    def take(
        self,
        phase: Ints | int,
        rows: Bools,
        target: Floats,
        gripper: float,
        yaw_rad: Floats | None = None,
    ) -> None:
        """Give the rows (m,) that have no phase yet this one, with a target (m, 3) [m]."""
        mine = rows & self._left
        if not mine.any():
            return
        self._left &= ~mine
        np.copyto(self.phase, phase, where=mine)
        np.copyto(self.target, target, where=mine[:, None])
        self.gripper[mine] = gripper
        if yaw_rad is not None:
            np.copyto(self.yaw_rad, yaw_rad, where=mine)


Settings = TypeVar("Settings", bound=PhaseSettings)


class PhasedExpert(ABC, Generic[Settings]):
    """An expert whose phases are read off the state; implements `protocols.expert.Expert`."""

    HAND: ClassVar[tuple[str, ...]] = ("tcp_pos", "tcp_vel", "tcp_acc", "gripper_width")

    reads: tuple[str, ...]
    """What it reads of the privileged state: `HAND` and more."""
    goals_of: str
    """Which of them has a row per goal."""
    may_be_infinite: ClassVar[tuple[str, ...]] = ()
    """In which of them inf means "there is none"."""
    read_every: ClassVar[int] = 1
    """Steps of a chunk from one look at the phases to the next."""
    same_target_m: ClassVar[float] = 0.003
    """A target that moved by less within a phase does not start a new plan."""
    stroke_m: ClassVar[float] = np.inf
    """The fingers that are imagined open no wider than this."""
    grips: ClassVar[bool] = False
    """Whether `stop` tells of things: fingers press on them, and therefore open late."""

    def __init__(
        self,
        config: Settings,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self.config = config
        self.dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=self.dt_s, lag_s=config.lag_s).build(manners)

    @abstractmethod
    def world(self, state: State, goal: Ints) -> State:
        """What phases are read off beside the hand: m rows for `carry` to write to."""

    @abstractmethod
    def read(self, hand: Hand, world: State) -> Moves:
        """The phase of each row."""

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """What a step of hands that `moved` by (m, 3) [m] does to the world; nothing unless told.

        Fingers have opened or closed by then.
        """

    def stop(self, world: State) -> Floats | float:
        """The width at which closing fingers meet something [m], (m,) or one for all."""
        return 0.0

    def turn(self, state: State) -> Turn | None:
        """How the tools turn; None where they do not."""
        return None

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(
            privileged,
            self.reads,
            goal,
            manner,
            size,
            goals_of=self.goals_of,
            may_be_infinite=self.may_be_infinite,
        )
        tool = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        turn = self.turn(state)
        hand = Hand(tool, turn, state["gripper_width"])
        world = self.world(state, goal)
        phase, aimed = np.full(len(goal), -1), np.zeros((len(goal), 3))
        action = np.zeros((len(goal), size, len(self._scale)))
        for k in range(size):
            if k % self.read_every == 0:
                moves = self.read(hand, world)
                if k == 0 and self.grips:
                    # A state does not tell for how long its fingers have pressed: fully, then.
                    hand.pressed[self._touches(hand, world)] = GRIPPER_LEAD_M
                shift = np.abs(moves.target - aimed).max(axis=1)
                rows = np.flatnonzero((moves.phase != phase) | (shift > self.same_target_m))
                tool.aim(rows, moves.target[rows], manner[rows])
                phase[rows], aimed[rows] = moves.phase[rows], moves.target[rows]
                if turn is not None:
                    turn.aim(moves.yaw_rad, manner)
            velocity, before = tool.velocity, tool.position.copy()
            action[:, k, :3] = input_for(velocity, tool.advance(), self._gain)
            action[:, k, -1] = moves.gripper
            if turn is not None:
                rate = turn.rate
                action[:, k, 5] = input_for(rate, turn.advance(), self._gain)
            hand.follow(tool, turn)
            self._move_fingers(hand, world, moves.gripper > 0.0)
            self.carry(hand, world, moves, tool.position - before)
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)

    def _touches(self, hand: Hand, world: State) -> Bools:
        """Whose fingers are at what is between them, (m,)."""
        stop = self.stop(world)
        touches: Bools = (stop > 0.0) & (hand.width < stop + TOUCH_M)
        return touches

    def _move_fingers(self, hand: Hand, world: State, opens: Bools) -> None:
        """Open or close them for a step."""
        travel = GRIPPER_SPEED_M_S * self.dt_s
        width, stop = hand.width, self.stop(world)
        back = np.minimum(hand.pressed, travel)
        wider = np.minimum(width + (travel - back), np.maximum(width, self.stroke_m))
        hand.width = np.where(opens, wider, np.maximum(width - travel, np.minimum(stop, width)))
        if self.grips:
            more = np.where(self._touches(hand, world), travel, 0.0)
            pressed = np.minimum(hand.pressed + more, GRIPPER_LEAD_M)
            hand.pressed = np.where(opens, hand.pressed - back, pressed)
