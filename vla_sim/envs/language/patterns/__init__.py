"""The table of intents. To add one: write its file and its line here, at the end."""

from collections.abc import Mapping

from vla_sim.envs.language.patterns import (
    change_lane,
    close_drawer,
    drive_to,
    follow,
    keep_distance,
    keep_lane,
    lift,
    open_drawer,
    overtake,
    park,
    pick_place,
    place_relative,
    press,
    push,
    reach,
    slalom,
    sort,
    stack,
    stop_at,
    trace,
    turn,
    turn_knob,
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
    "turn": turn.PATTERNS,
    "park": park.PATTERNS,
    "slalom": slalom.PATTERNS,
    "press": press.PATTERNS,
    "open_drawer": open_drawer.PATTERNS,
    "close_drawer": close_drawer.PATTERNS,
    "turn_knob": turn_knob.PATTERNS,
    "trace": trace.PATTERNS,
    "pick_place": pick_place.PATTERNS,
    "stack": stack.PATTERNS,
    "place_relative": place_relative.PATTERNS,
    "sort": sort.PATTERNS,
    "push": push.PATTERNS,
    "keep_lane": keep_lane.PATTERNS,
    "stop_at": stop_at.PATTERNS,
    "yield_go": yield_go.PATTERNS,
    "yield_wait": yield_wait.PATTERNS,
    "keep_distance": keep_distance.PATTERNS,
    "overtake": overtake.PATTERNS,
}
"""Intent id to sentence patterns. The order is that of meaning codes: append, never insert."""
