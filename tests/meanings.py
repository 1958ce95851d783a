"""Some meanings that the grammar can say, for tests that need a few of them."""

from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS

_COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")

MEANINGS: tuple[Meaning, ...] = tuple(
    Meaning(intent_id=intent_id, referent=referent, manner=manner)
    for intent_id, referents in (
        ("reach", [Referent(colour=c, shape=s) for c in _COLOURS for s in ("cube", "ball")]),
        ("lift", [Referent(colour=c, shape="cylinder") for c in _COLOURS]),
        ("drive_to", [Referent(colour=c, shape="diamond") for c in _COLOURS]),
        ("change_lane", [Referent(relation="left"), Referent(relation="right")]),
        ("follow", [Referent(colour=c, shape="truck") for c in _COLOURS]),
        ("keep_lane", [Referent(relation=side) for side in ("left", "middle", "right")]),
        ("stop_at", [Referent(colour=c, shape="line") for c in _COLOURS]),
        ("stop_at", [Referent(shape="line", relation=r) for r in ("first", "second", "third")]),
        ("yield_go", [Referent(colour=c, shape="pedestrian") for c in _COLOURS]),
        ("yield_wait", [Referent(colour=c, shape="pedestrian") for c in _COLOURS]),
    )
    for referent in referents
    for manner in MANNERS
) + tuple(
    Meaning(
        intent_id=intent_id,
        referent=Referent(colour=colour, shape="car"),
        target=Referent(relation=way),
        manner=manner,
    )
    for intent_id, ways in (("keep_distance", ("close", "far")), ("overtake", ("left", "right")))
    for colour in _COLOURS
    for way in ways
    for manner in MANNERS
)
