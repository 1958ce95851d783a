"""TracePath: down on the line's beginning, then after a point that runs ahead along the line.

That point moves on in steps, so that a plan lives a few control steps, and is so near that corners
are hardly cut. How fast the tool goes follows from the manner's limits and from having to be able
to stop at the point. How far the line has been traced is seen and not remembered (`traced`): who
learns from this expert has only a picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.fixture_expert import WORK, FixtureExpert, FixtureSettings, length
from vla_sim.agents.experts.phases import CLOSED, Floats, Hand, Ints, Moves, State
from vla_sim.assets.traced_line import LINK_M, point_on, traced
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

HOVER, TRACE = WORK, WORK + 1


@dataclass(frozen=True, kw_only=True)
class TracePathExpertConfig(FixtureSettings):
    """Settings of TracePathExpert."""

    travel_height_m: float = 0.11
    funnel_m: float = 0.02
    trace_height_m: float = 0.028
    """The tool's height on the line [m]."""
    hover_m: float = 0.055
    """A low hand that is not over the beginning gets there at this height, and does not rise: there
    is nothing to run into [m]."""
    hover_off_m: float = 0.08
    """Farther off it rises first [m]."""
    lead_in_m: float = 0.012
    """The tool comes down this far before the line's beginning, so that it leads over it [m]."""
    ahead_m: float = 0.06
    """How far the point runs ahead at most [m]."""
    stride_m: float = 0.02
    """And how far it moves at a time [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "TracePathExpert":
        """The expert for one arm."""
        return TracePathExpert(self, embodiment, manners)


class TracePathExpert(FixtureExpert[TracePathExpertConfig]):
    """Follow the line."""

    goals_of = "path"
    reads = (*FixtureExpert.HAND, "path")

    def world(self, state: State, goal: Ints) -> State:
        """The goal's line from its beginning."""
        return {"path": state["path"][np.arange(len(goal)), goal]}

    def read(self, hand: Hand, world: State) -> Moves:
        """Over the beginning, down on it, along the line."""
        c, path = self.config, world["path"]
        along = traced(path, hand.position)
        stride = np.floor((along * LINK_M + c.ahead_m) / c.stride_m)
        is_on_line = (along >= 0.0) & (hand.velocity[:, 2] > -c.sink_m_s)
        moves = Moves(hand.position)
        ahead = self._tool_at(point_on(path, stride * (c.stride_m / LINK_M)))
        moves.take(TRACE + stride.astype(np.int64), is_on_line, ahead, CLOSED)
        before = self._tool_at(path[:, 0] - (c.lead_in_m / LINK_M) * (path[:, 1] - path[:, 0]))
        off = length(hand.position - before) + c.settle_s * length(hand.velocity)
        is_low = hand.position[:, 2] < c.travel_height_m - c.low_m
        hover = before.copy()
        hover[:, 2] = c.hover_m
        moves.take(HOVER, is_low & (off > c.funnel_m) & (off < c.hover_off_m), hover, CLOSED)
        self.closed_over(hand, moves, before)
        return moves

    def _tool_at(self, point: Floats) -> Floats:
        """Tools (m, 3) that trace at points (m, 2) [m]."""
        height = np.full((len(point), 1), self.config.trace_height_m)
        return np.concatenate([point, height], axis=1)
