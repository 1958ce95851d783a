"""The table of intents. To add one: write its file and its line here, at the end."""

from collections.abc import Mapping

from vla_sim.envs.language.patterns import (
    change_lane,
    drive_to,
    follow,
    keep_distance,
    keep_lane,
    lift,
    overtake,
    reach,
    stop_at,
    yield_go,
    yield_wait,
)
from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS: Mapping[str, Patterns] = {
    "reach": reach.PATTERNS,
    "lift": lift.PATTERNS,
    "drive_to": drive_to.PATTERNS,
    "change_lane": change_lane.PATTERNS,
    "follow": follow.PATTERNS,
    "keep_lane": keep_lane.PATTERNS,
    "stop_at": stop_at.PATTERNS,
    "yield_go": yield_go.PATTERNS,
    "yield_wait": yield_wait.PATTERNS,
    "keep_distance": keep_distance.PATTERNS,
    "overtake": overtake.PATTERNS,
}
"""Intent id to sentence patterns. The order is that of meaning codes: append, never insert."""
