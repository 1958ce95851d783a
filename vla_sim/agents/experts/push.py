"""Push: behind the object, down, straight on to its place; once more where it slipped off.

The fingers are nearly closed: two of them side by side make a cradle that a cylinder cannot roll
out of and that a cube turns its face to. The hand turns so that both are behind the object. The
push is read off the state: it goes on while the object lies between the fingers and its place, and
starts anew from above when it does not. An object that is held is put down and let go of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vla_sim.agents.experts.grasp import Grasp, GraspConfig
from vla_sim.agents.experts.phases import (
    CLOSED,
    OPEN,
    Floats,
    Hand,
    Ints,
    Moves,
    PhasedExpert,
    PhaseSettings,
    State,
)
from vla_sim.agents.experts.yaw_servo import YawServo
from vla_sim.assets.panda import GRIPPER_STROKE_M, YAW_RANGE_RAD
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

# Phases, in the order of precedence.
PUT_DOWN, LET_GO, PUSH, REST, DESCEND, BACK, CLIMB, APPROACH = range(8)


@dataclass(frozen=True, kw_only=True)
class PushExpertConfig(PhaseSettings):
    """Settings of PushExpert."""

    width_m: float = 0.024
    """Between the fingers: less than any object, enough for a cradle [m]."""
    width_tolerance_m: float = 0.01
    push_height_m: float = 0.029
    """Of the tool above the table [m]: the palm passes over the tallest object with a centimetre to
    spare, since one that is pushed quickly hops."""
    level_m: float = 0.008
    """A hand that is not this far above its height of pushing can push [m],"""
    sinks_m_s: float = 0.03
    brakes_m_s2: float = 0.6
    """unless it is still coming down: one that sinks faster would press on the object, and one that
    brakes harder would bounce up on its way to it."""
    contact_m: float = 0.03
    """From the tool to the centre of an object that it pushes [m]."""
    behind_m: float = 0.075
    """The hand comes down this far behind the object's centre [m],"""
    funnel_m: float = 0.030
    """give or take this: an eye that sees no finer would climb and come down for ever [m]."""
    slip_m: float = 0.028
    """An object whose centre is further off the line of the push has slipped off [m]."""
    turned_rad: float = 0.35
    """The hand goes down when it lacks at most this much of its turn."""
    across_rad: float = 1.4
    """Lines turned further than this are across [rad]."""
    there_m: float = 0.012
    """A push ends when the object is this close to its place [m]."""
    stays_m: float = 0.035
    """One that cannot be pushed on stays there when it is this close [m]."""
    apart_m: float = 0.015
    """The hand goes back this far from an object that it touches before it rises [m]."""
    grasp: GraspConfig = field(default_factory=GraspConfig)

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "PushExpert":
        """The expert for one arm."""
        return PushExpert(self, embodiment, manners)


class PushExpert(PhasedExpert[PushExpertConfig]):
    """Reads `goal_place` as `CarryExpert` does; the first object that is asked for is pushed."""

    reads = (
        *PhasedExpert.HAND,
        "tcp_yaw",
        "tcp_yaw_rate",
        "object_pos",
        "object_size",
        "goal_place",
    )
    goals_of = "goal_place"
    may_be_infinite = ("goal_place",)

    def __init__(
        self,
        config: PushExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(config, embodiment, manners)
        self._nearly_closed = 2.0 * config.width_m / GRIPPER_STROKE_M - 1.0

    def world(self, state: State, goal: Ints) -> State:
        """The objects, which of them is pushed, and where to."""
        row = np.arange(len(goal))
        place = state["goal_place"][row, goal]
        asked = np.all(np.isfinite(place), axis=2)
        mine = np.argmax(asked, axis=1)
        to = np.where(asked[row, mine][:, None], place[row, mine], state["object_pos"][row, mine])
        return {
            "objects": state["object_pos"].copy(),
            "half": state["object_size"],
            "mine": mine.astype(np.float64),
            "to": to,
        }

    def turn(self, state: State) -> YawServo:
        """After the line of the push, which changes as the object gives way."""
        return YawServo(state["tcp_yaw"], state["tcp_yaw_rate"], self.dt_s)

    def read(self, hand: Hand, world: State) -> Moves:
        """See `PhasedExpert.read`."""
        c, part = self.config, self._nearly_closed
        tool, velocity, width = hand.position, hand.velocity, hand.width
        objects, half = world["objects"], world["half"]
        row, mine = np.arange(len(tool)), world["mine"].astype(np.int64)
        moves = Moves(tool)

        grasp = Grasp(c.grasp, tool, width, objects, half)
        bottom = np.where(grasp.held, grasp.bottom, np.inf).min(axis=1)
        held = bottom < np.inf
        lower = tool.copy()
        lower[:, 2] -= np.where(held, bottom, 0.0)
        moves.take(PUT_DOWN, held & (bottom > 0.008), lower, CLOSED, hand.yaw)
        around = np.any(grasp.clasped, axis=1) & (tool[:, 2] < c.travel_height_m - c.low_m)
        moves.take(LET_GO, held | around, tool, OPEN, hand.yaw)

        thing = objects[row, mine]
        line, left = _along(world["to"] - thing)
        offset = tool - thing
        ahead = offset[:, 0] * line[:, 0] + offset[:, 1] * line[:, 1]
        aside = np.abs(offset[:, 0] * line[:, 1] - offset[:, 1] * line[:, 0])
        level = tool[:, 2] < c.push_height_m + c.level_m
        ready = np.abs(width - c.width_m) < c.width_tolerance_m
        to = world["to"] - c.contact_m * line
        to[:, 2] = c.push_height_m
        brakes = np.abs(hand.acceleration[:, 2]) > c.brakes_m_s2
        lands = (velocity[:, 2] < -c.sinks_m_s) | brakes
        steady = level & ~(lands & (grasp.aside[row, mine] > c.behind_m - c.apart_m))
        can = steady & ready & (ahead < -0.5 * c.contact_m) & (aside < c.slip_m)
        moves.take(PUSH, can & (left > c.there_m), to, part, hand.yaw)
        moves.take(REST, left < c.stays_m, tool, part, hand.yaw)

        yaw_rad = self._turn_for(line, hand.yaw)
        turned = np.abs(yaw_rad - hand.yaw) < c.turned_rad
        behind = thing - c.behind_m * line
        behind[:, 2] = c.push_height_m
        off = np.sqrt((tool[:, 0] - behind[:, 0]) ** 2 + (tool[:, 1] - behind[:, 1]) ** 2)
        off = off + c.settle_s * np.sqrt(velocity[:, 0] ** 2 + velocity[:, 1] ** 2)
        near = off < c.funnel_m + c.funnel_slope * np.maximum(tool[:, 2] - c.push_height_m, 0.0)
        moves.take(DESCEND, near & turned & ready, behind, part, yaw_rad)
        up = tool.copy()
        up[:, 2] = c.travel_height_m
        inside = np.any(grasp.aside < c.grasp.held_tolerance_m, axis=1)
        touches = level & (ahead < 0.0) & (grasp.aside[row, mine] < c.contact_m + c.apart_m)
        moves.take(BACK, touches, tool - 2.0 * c.apart_m * line, part, hand.yaw)
        climbs = tool[:, 2] < c.travel_height_m - c.low_m
        moves.take(CLIMB, climbs & inside, up, OPEN, hand.yaw)
        moves.take(CLIMB, climbs, up, part, hand.yaw)
        behind[:, 2] = c.travel_height_m
        moves.take(APPROACH, np.ones(len(tool), dtype=bool), behind, part, yaw_rad)
        return moves

    def _turn_for(self, line: Floats, yaw: Floats) -> Floats:
        """Turns (m,) that put both fingers behind pushes along `line` (m, 3) [rad].

        A line across the arm is met from either side, as far as the hand turns: from the side to
        which it is turned already, so that one that has begun to turn goes on.
        """
        turn = _half_turn(line)
        near = np.clip(turn, -YAW_RANGE_RAD, YAW_RANGE_RAD)
        far = np.clip(turn - np.sign(turn) * np.pi, -YAW_RANGE_RAD, YAW_RANGE_RAD)
        across = np.abs(turn) > self.config.across_rad
        return np.where(across & (np.abs(far - yaw) < np.abs(near - yaw)), far, near)

    def stop(self, world: State) -> float:
        """Fingers stop where they shall."""
        return self.config.width_m

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """The object gives way to a hand that pushes it."""
        c = self.config
        row, mine = np.arange(len(moved)), world["mine"].astype(np.int64)
        thing = world["objects"][row, mine]
        line, _ = _along(world["to"] - thing)
        offset = thing - hand.position
        ahead = offset[:, 0] * line[:, 0] + offset[:, 1] * line[:, 1]
        given = np.where(moves.phase == PUSH, np.maximum(c.contact_m - ahead, 0.0), 0.0)
        world["objects"][row, mine] = thing + given[:, None] * line


def _along(way: Floats) -> tuple[Floats, Floats]:
    """Directions (m, 3) of ways (m, 3) in the plane, and their lengths there (m,) [m]."""
    length = np.sqrt(way[:, 0] ** 2 + way[:, 1] ** 2)
    some = length > 1e-9
    line = np.zeros_like(way)
    line[:, 0] = np.where(some, way[:, 0] / np.where(some, length, 1.0), 1.0)
    line[:, 1] = np.where(some, way[:, 1] / np.where(some, length, 1.0), 0.0)
    return line, length


def _half_turn(line: Floats) -> Floats:
    """Angle of lines without a sense (m, 3) to the x axis, in [-pi/2, pi/2] [rad].

    Made of sums and products alone, since its bits must not depend on the number of rows; within
    2e-5 rad. Source: Hastings, Approximations for Digital Computers, 1955, sheet 12.
    """
    x, y = np.abs(line[:, 0]), np.abs(line[:, 1])
    steep = y > x
    r = np.where(steep, x, y) / np.where(steep, y, np.maximum(x, 1e-12))
    s = r * r
    series = 0.0208351 * s - 0.0851330
    for coefficient in (0.1801410, -0.3302995, 0.9998660):
        series = series * s + coefficient
    angle = np.where(steep, 0.5 * np.pi - r * series, r * series)
    return np.where((line[:, 0] > 0.0) == (line[:, 1] > 0.0), angle, -angle)
