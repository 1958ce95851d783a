"""Phases: what experts of an arm share that do one thing after another.

A phase is a target for the tool, to which it moves on a time-optimal straight line, and a wish for
the gripper. Which phase it is, is read off the state alone and again at each step of a roll-out,
so an expert remembers nothing and any state gets an answer. A subclass says how phases are read
(`read`) and what a step does to the things around (`carry`). Plain numpy, row by row: what a row
gets does not depend on its batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig
from vla_sim.assets.panda import GRIPPER_SPEED_M_S, YAW_ACCELERATION_RAD_S2, YAW_RATE_RAD_S
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Scene = dict[str, Floats]

OPEN, CLOSED = 1.0, -1.0

_SAME_TARGET_M = 0.003
"""A target that moved by less within a phase does not start a new plan."""
_YAW_GAIN_S = 4.0
"""A turn slows down towards its end: rate over what is left to turn [1/s]."""


class Moves:
    """What m hands do next. Phases are offered in order of precedence: the first one counts."""

    def __init__(self, tool: Floats) -> None:
        m = len(tool)
        self._left = np.ones(m, dtype=bool)
        self.phase = np.full(m, -1)
        self.target = tool.copy()
        self.gripper = np.zeros(m)
        self.yaw_rad = np.zeros(m)
        """Read by experts that turn the tool."""

    def take(
        self, phase: int, rows: Bools, target: Floats, gripper: float, yaw_rad: Floats | None = None
    ) -> None:
        """Give the rows (m,) that have no phase yet this one, with a target (m, 3) [m]."""
        mine = rows & self._left
        if not mine.any():
            return
        self._left &= ~mine
        self.phase[mine] = phase
        np.copyto(self.target, target, where=mine[:, None])
        self.gripper[mine] = gripper
        if yaw_rad is not None:
            np.copyto(self.yaw_rad, yaw_rad, where=mine)


class PhasedExpert(ABC):
    """An expert whose phases are read off the state; implements `protocols.expert.Expert`.

    Subclasses name what they read beside the hand in `reads` (start with `HAND`), and the array
    whose second axis counts the scene's goals in `goals_of`. With `TURNING` among `reads`, the tool
    turns towards the yaw of its phase.
    """

    HAND = ("tcp_pos", "tcp_vel", "tcp_acc", "gripper_width")
    TURNING = ("tcp_yaw", "tcp_yaw_rate")

    reads: tuple[str, ...] = HAND
    goals_of: str
    may_be_infinite: tuple[str, ...] = ()

    def __init__(
        self,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
        *,
        lag_s: float = 0.0,
    ) -> None:
        self.dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=self.dt_s, lag_s=lag_s).build(manners)

    @abstractmethod
    def choose(self, state: Mapping[str, Floats], goal: Ints) -> Scene:
        """What `read` needs of the state for the goals (m,): the roll-out's own copies."""

    @abstractmethod
    def read(self, scene: Scene) -> Moves:
        """The phases of the hands `tcp_pos`, `tcp_vel` (m, 3) and `gripper_width` (m,)."""

    def carry(self, scene: Scene, moves: Moves, moved: Floats) -> None:
        """What a step does to things and fingers, in place; hands `moved` by (m, 3) [m].

        Unless a subclass knows better, nothing moves and fingers meet nothing.
        """
        self.move_fingers(scene, moves, 0.0)

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
        turns = self.TURNING[0] in self.reads
        rollout = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        scene = self.choose(state, goal)
        for name in self.reads:
            if name in self.HAND or name in self.TURNING:
                scene[name] = state[name].copy()
        phase, aimed = np.full(len(goal), -1), np.zeros((len(goal), 3))
        action = np.zeros((len(goal), size, len(self._scale)))
        for k in range(size):
            moves = self.read(scene)
            shift = np.abs(moves.target - aimed).max(axis=1)
            rows = np.flatnonzero((moves.phase != phase) | (shift > _SAME_TARGET_M))
            rollout.aim(rows, moves.target[rows], manner[rows])
            phase[rows], aimed[rows] = moves.phase[rows], moves.target[rows]
            velocity, before = rollout.velocity, rollout.position.copy()
            action[:, k, :3] = input_for(velocity, rollout.advance(), self._gain)
            action[:, k, -1] = moves.gripper
            if turns:
                rate = scene["tcp_yaw_rate"]
                scene["tcp_yaw_rate"] = self._turned(scene, moves)
                scene["tcp_yaw"] += self.dt_s * scene["tcp_yaw_rate"]
                action[:, k, 5] = input_for(rate, scene["tcp_yaw_rate"], self._gain)
            scene["tcp_pos"], scene["tcp_vel"] = rollout.position, rollout.velocity
            scene["tcp_acc"] = rollout.acceleration
            self.carry(scene, moves, rollout.position - before)
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)

    def move_fingers(self, scene: Scene, moves: Moves, stop: Floats | float) -> None:
        """Open or close the fingers (m,) as far as a step takes them, but not below `stop` [m]."""
        width, travel = scene["gripper_width"], GRIPPER_SPEED_M_S * self.dt_s
        closed = np.maximum(width - travel, np.minimum(stop, width))
        scene["gripper_width"] = np.where(moves.gripper > 0.0, width + travel, closed)

    def _turned(self, scene: Scene, moves: Moves) -> Floats:
        """The tool's rate of turn (m,) after the coming step [rad/s]."""
        rate, step = scene["tcp_yaw_rate"], YAW_ACCELERATION_RAD_S2 * self.dt_s
        wanted = _YAW_GAIN_S * (moves.yaw_rad - scene["tcp_yaw"])
        wanted = np.clip(wanted, -YAW_RATE_RAD_S, YAW_RATE_RAD_S)
        return np.clip(wanted, rate - step, rate + step)
