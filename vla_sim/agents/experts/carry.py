"""Carry: take an object, bring it to its place, put it down, let go, rise; until all have theirs.

The expert of every task that ends with objects somewhere else. The task says where each object
belongs; among those that are not there yet, the one in the hand comes first, then the nearest,
reckoned from the hand and from the arm's base: from the hand alone, who hovers between two has no
choice to see. Nothing is remembered: a hand closed on nothing rises and opens, fingers low beside
an object rise first, a wrong object in the hand is put down before it is let go, and one that
slipped or rolled off its place is fetched again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vla_sim.agents.experts.grasp import Grasp, GraspConfig
from vla_sim.agents.experts.phases import (
    CLOSED,
    OPEN,
    Bools,
    Floats,
    Hand,
    Ints,
    Moves,
    PhasedExpert,
    PhaseSettings,
    State,
)
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

# Phases, in the order of precedence.
LET_GO, LOWER, RAISE, BRING, CLOSE, PUT_DOWN, DROP, OPEN_UP, DESCEND, CLIMB, APPROACH, REST = range(
    12
)


@dataclass(frozen=True, kw_only=True)
class CarryExpertConfig(PhaseSettings):
    """Settings of CarryExpert."""

    corner_m_s: float = 0.3
    """A hand that rises faster than this does not move sideways yet: a fast corner would end far
    above [m/s]."""
    carry_height_m: float = 0.11
    """The bottom of what is carried moves sideways at least this high above the table [m],"""
    carry_above_m: float = 0.065
    """and this high above the place where it goes."""
    funnel_m: float = 0.020
    place_funnel_m: float = 0.030
    """The same for a hand that puts something down: wider than a pixel of the task's picture (10 mm
    on the table), since who learns from this expert cannot see a narrower one and hovers."""
    place_tolerance_m: float = 0.025
    """What is this close to its place, sideways, and down is let go of [m]; likewise."""
    touch_m: float = 0.004
    """What is less than this above its place is down [m]."""
    touch_m_s: float = 0.06
    """And what goes down no faster than this: hands stop before they let go."""
    press_m: float = 0.001
    """The hand aims this much too low, so that what it puts down is down [m]."""
    stays_m: float = 0.03
    """What lies free stays where it is when it is this close to its place, sideways [m]."""
    stays_above_m: float = 0.012
    """The same in height."""
    grasp: GraspConfig = field(default_factory=GraspConfig)

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "CarryExpert":
        """The expert for one arm."""
        return CarryExpert(self, embodiment, manners)


class CarryExpert(PhasedExpert[CarryExpertConfig]):
    """Reads `goal_place` (n, goals, K, 3): where the bottom of each object belongs [m].

    It is inf for objects that a goal does not ask for.
    """

    reads = (*PhasedExpert.HAND, "object_pos", "object_size", "goal_place")
    goals_of = "goal_place"
    may_be_infinite = ("goal_place",)
    grips = True

    def world(self, state: State, goal: Ints) -> State:
        """The objects and where each belongs."""
        place = state["goal_place"][np.arange(len(goal)), goal]
        asked = np.all(np.isfinite(place), axis=2)
        return {
            "objects": state["object_pos"].copy(),
            "half": state["object_size"],
            "place": np.where(asked[:, :, None], place, 0.0),
            "asked": np.where(asked, 1.0, 0.0),
        }

    def read(self, hand: Hand, world: State) -> Moves:
        """See `PhasedExpert.read`."""
        c = self.config
        tool, velocity, objects = hand.position, hand.velocity, world["objects"]
        grasp = Grasp(c.grasp, tool, hand.width, objects, world["half"])
        world["held"] = grasp.held.astype(np.float64)
        inside = grasp.held | grasp.ready
        world["stop"] = np.where(inside, grasp.width, 0.0).max(axis=1)
        drift = c.settle_s * np.sqrt(velocity[:, 0] ** 2 + velocity[:, 1] ** 2)
        row = np.arange(len(tool))

        way = world["place"] - objects
        way[:, :, 2] += world["half"]  # of its bottom
        off = np.sqrt(way[:, :, 0] ** 2 + way[:, :, 1] ** 2)
        asked = world["asked"] > 0.0
        there = (off < c.stays_m) & (np.abs(way[:, :, 2]) < c.stays_above_m)
        wanted = asked & (grasp.held | ~there)
        rank = np.where(grasp.held, -1.0, grasp.aside + objects[:, :, 0])
        mine = np.argmin(np.where(wanted, rank, np.inf), axis=1)
        active = wanted[row, mine]
        other = np.ones_like(asked)
        other[row[active], mine[active]] = False

        moves = Moves(tool)
        way, off = way[row, mine], off[row, mine]
        bottom = grasp.bottom[row, mine]
        has = active & grasp.held[row, mine]
        here = tool.copy()
        above = np.maximum(-way[:, 2], 0.0)
        down = tool + way
        down[:, 2] -= c.press_m
        is_down = (above < c.touch_m) & (velocity[:, 2] > -c.touch_m_s)
        moves.take(LET_GO, has & is_down & (off < c.place_tolerance_m), down, OPEN)
        near = off + drift < c.place_funnel_m + c.funnel_slope * above
        moves.take(LOWER, has & near, down, CLOSED)
        height = np.maximum(c.carry_height_m, world["place"][row, mine, 2] + c.carry_above_m)
        up = tool.copy()
        up[:, 2] += height - bottom
        moves.take(RAISE, has & self._rises(bottom - height, velocity), up, CLOSED)
        # What is too high comes down at the end: a diagonal would pass the place at full speed.
        over = tool.copy()
        over[:, :2] += way[:, :2]
        over[:, 2] += np.maximum(height - bottom, 0.0)
        moves.take(BRING, has, over, CLOSED)

        at = objects[row, mine]
        at[:, 2] = bottom + grasp.height[row, mine]
        moves.take(CLOSE, active & grasp.ready[row, mine], at, CLOSED)
        wrong = np.where(other & grasp.held, grasp.bottom, np.inf).min(axis=1)
        lower = tool.copy()
        lower[:, 2] -= np.where(wrong < np.inf, wrong, 0.0) - 0.5 * c.touch_m
        moves.take(PUT_DOWN, (wrong > 2.0 * c.touch_m) & (wrong < np.inf), lower, CLOSED)
        moves.take(DROP, wrong < np.inf, here, OPEN)
        moves.take(OPEN_UP, np.any(other & grasp.clasped, axis=1), here, OPEN)
        aside, above = grasp.aside[row, mine], np.maximum(grasp.above[row, mine], 0.0)
        near = aside + drift < c.funnel_m + c.funnel_slope * above
        moves.take(DESCEND, active & near & grasp.free[row, mine], at, OPEN)
        up = tool.copy()
        up[:, 2] = c.travel_height_m
        moves.take(CLIMB, self._rises(tool[:, 2] - c.travel_height_m, velocity), up, OPEN)
        over = at.copy()
        over[:, 2] = c.travel_height_m
        moves.take(APPROACH, active, over, OPEN)
        moves.take(REST, np.ones(len(tool), dtype=bool), up, OPEN)
        return moves

    def _rises(self, above: Floats, velocity: Floats) -> Bools:
        """Whether hands (m,) `above` their travelling height [m], mostly below it, rise first."""
        low = self.config.low_m
        fast = velocity[:, 2] > self.config.corner_m_s
        rises: Bools = (above < -low) | (fast & (above < low))
        return rises

    def stop(self, world: State) -> Floats:
        """Fingers stop at what they are around."""
        return world["stop"]

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """Held objects go with the hand."""
        taken = (world["held"] > 0.0) & (moves.gripper < 0.0)[:, None]
        world["objects"] += np.where(taken[:, :, None], moved[:, None, :], 0.0)
