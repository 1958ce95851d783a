"""TurnKnob: over the knob with the hand in line with its bar, down around it, close, turn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.fixture_expert import WORK, FixtureExpert, FixtureSettings, length
from vla_sim.agents.experts.phases import CLOSED, OPEN, Floats, Hand, Ints, Moves, State
from vla_sim.assets.knobs import KNOB_BAR_WIDTH_M
from vla_sim.assets.panda import YAW_RANGE_RAD
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

CLOSE, TURN = WORK, WORK + 1


@dataclass(frozen=True, kw_only=True)
class TurnKnobExpertConfig(FixtureSettings):
    """Settings of TurnKnobExpert."""

    grasp_height_m: float = 0.046
    """The tool's height around the bar: fingertips above the dial, palm above the bar [m]."""
    funnel_m: float = 0.02
    near_m: float = 0.025
    """The hand closes when the tool is this close to its place, sideways: wider than a pixel of the
    task's picture (10 mm on the table), as is all that follows: who learns from this expert cannot
    see a narrower one and hovers."""
    hold_near_m: float = 0.03
    """A closed hand this close holds the bar [m]."""
    level_m: float = 0.016
    """And in z, where the hand feels how high it is."""
    in_line_rad: float = 0.3
    """The hand goes down when it is turned within this of the bar,"""
    low_in_line_rad: float = 0.6
    """and is still in line within this once it is around it."""
    open_clearance_m: float = 0.03
    """The fingers must be this much wider than the bar to go down around it [m]."""
    slack_m: float = 0.003
    """The fingers hold when they read less than this above the bar's width [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "TurnKnobExpert":
        """The expert for one arm."""
        return TurnKnobExpert(self, embodiment, manners)


class TurnKnobExpert(FixtureExpert[TurnKnobExpertConfig]):
    """Grasp and turn."""

    goals_of = "knob_pos"
    reads = (*FixtureExpert.HAND, "knob_pos", "knob_angle", "knob_wanted")

    def world(self, state: State, goal: Ints) -> State:
        """The goal's knob, and how the hand was turned a step ago."""
        rows = np.arange(len(goal))
        grasp = state["knob_pos"][rows, goal]
        grasp[:, 2] += self.config.grasp_height_m
        return {
            "grasp": grasp,
            "angle": state["knob_angle"][rows, goal],
            "wanted": state["knob_wanted"][rows, goal],
            "yaw": state["tcp_yaw"].copy(),
        }

    def read(self, hand: Hand, world: State) -> Moves:
        """Over the bar, down around it, close, turn."""
        c, grasp, angle = self.config, world["grasp"], world["angle"]
        # The bar looks the same after half a turn; the hand takes the nearest way to hold it.
        bar = angle - np.pi * np.floor(angle / np.pi + 0.5)
        reachable = np.minimum(np.maximum(bar, -YAW_RANGE_RAD), YAW_RANGE_RAD)
        skew = np.abs(hand.yaw - reachable)
        wider = hand.width - KNOB_BAR_WIDTH_M
        off = length(hand.position - grasp)
        is_low = np.abs(hand.position[:, 2] - grasp[:, 2]) < c.level_m
        in_line = skew < np.where(is_low, c.low_in_line_rad, c.in_line_rad)
        is_around = is_low & in_line & (off < c.near_m) & (wider > -c.slack_m)
        # Fingers that nothing but the bar keeps apart are in line with it: the hand's own turn is
        # the bar's, but for half turns.
        is_held = is_low & (off < c.hold_near_m) & (np.abs(wider) < c.slack_m)
        half_turns = np.pi * np.floor((angle - hand.yaw) / np.pi + 0.5)
        moves = Moves(hand.position)
        moves.take(TURN, is_held, grasp, CLOSED, world["wanted"] - half_turns)
        moves.take(CLOSE, is_around, grasp, CLOSED, reachable)
        ready = in_line & (wider > c.open_clearance_m)
        self.over(hand, moves, grasp, gripper=OPEN, ready=ready, yaw_rad=reachable)
        return moves

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """The bar stops the fingers, and turns with them."""
        is_around = moves.phase >= CLOSE
        least = np.where(is_around, KNOB_BAR_WIDTH_M, 0.0)
        hand.width = np.maximum(hand.width, least)
        turned: Floats = hand.yaw - world["yaw"]
        world["angle"] = world["angle"] + np.where(moves.phase == TURN, turned, 0.0)
        world["yaw"] = hand.yaw.copy()
