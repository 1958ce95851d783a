"""TracePath: down on the line's beginning, then after a point that runs ahead along the line.

That point moves on in steps, so that a plan lives a few control steps, and is so near that corners
are hardly cut. How fast the tool goes follows from the manner's limits and from having to be able
to stop at the point.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.experts.fixture_expert import WORK, FixtureExpert, FixtureSettings, length
from vla_sim.agents.experts.phases import CLOSED, Floats, Hand, Ints, Moves, State
from vla_sim.assets.traced_line import LINK_M
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile


@dataclass(frozen=True, kw_only=True)
class TracePathExpertConfig(FixtureSettings):
    """Settings of TracePathExpert."""

    travel_height_m: float = 0.11
    trace_height_m: float = 0.028
    """The tool's height on the line [m]."""
    on_line_m: float = 0.045
    """Below this height the tool is on the line [m]."""
    tolerance_m: float = 0.018
    """This close to a joint of the line, the next one is meant [m]."""
    ahead_m: float = 0.06
    """How far the point runs ahead at most [m]."""
    stride_m: float = 0.02
    """And how far it moves at a time [m]."""
    lost_m: float = 0.025
    """A tool farther than this off the line goes back to it from above [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "TracePathExpert":
        """The expert for one arm."""
        return TracePathExpert(self, embodiment, manners)


class TracePathExpert(FixtureExpert[TracePathExpertConfig]):
    """Follow the line, joint by joint."""

    goals_of = "path"
    reads = (*FixtureExpert.HAND, "path", "path_next")

    def world(self, state: State, goal: Ints) -> State:
        """The goal's line from its beginning, and which joint comes next."""
        rows = np.arange(len(goal))
        flat = state["path"][rows, goal]
        height = np.full((*flat.shape[:2], 1), self.config.trace_height_m)
        last = flat.shape[1] - 1
        return {
            "path": np.concatenate([flat, height], axis=2),
            "next": np.floor(np.clip(state["path_next"][rows, goal], 0.0, last)),
        }

    def read(self, hand: Hand, world: State) -> Moves:
        """Over the beginning, down on it, along the line."""
        c, path = self.config, world["path"]
        rows = np.arange(len(path))
        coming = world["next"].astype(np.int64)
        left = np.maximum(coming - 1, 0)
        begin, link = path[rows, left], path[rows, coming] - path[rows, left]
        to_tool = hand.position - begin
        square = np.maximum(link[:, 0] * link[:, 0] + link[:, 1] * link[:, 1], 1e-12)
        share = (to_tool[:, 0] * link[:, 0] + to_tool[:, 1] * link[:, 1]) / square
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        nearest = begin + share[:, None] * link
        stride = np.floor(((left + share) * LINK_M + c.ahead_m) / c.stride_m)
        is_on_line = self.is_down(hand, c.trace_height_m, left > 0) & (coming > 0)
        is_on_line &= length(hand.position - nearest) < c.lost_m
        ahead = _along(path, stride * (c.stride_m / LINK_M))
        moves = Moves(hand.position)
        moves.take(WORK + stride.astype(np.int64), is_on_line, ahead, CLOSED)
        self.closed_over(hand, moves, nearest)
        return moves

    def carry(self, hand: Hand, world: State, moves: Moves, moved: Floats) -> None:
        """Joints that are reached are done with."""
        path, coming = world["path"], world["next"].astype(np.int64)
        offset = hand.position - path[np.arange(len(path)), coming]
        is_reached = length(offset) < self.config.tolerance_m
        is_reached &= hand.position[:, 2] < self.config.on_line_m
        world["next"] = np.minimum(world["next"] + is_reached, path.shape[1] - 1.0)


def _along(path: Floats, n_links: Floats) -> Floats:
    """Points (m, 3) so many links along paths (m, p, 3), at their ends at most."""
    rows, last = np.arange(len(path)), path.shape[1] - 1
    whole = np.minimum(np.floor(n_links), last - 1.0)
    share = np.minimum(n_links - whole, 1.0)
    k = whole.astype(np.int64)
    point: Floats = path[rows, k] + share[:, None] * (path[rows, k + 1] - path[rows, k])
    return point
