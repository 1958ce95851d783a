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
        ("turn", [Referent(relation=r) for r in ("left", "right", "straight")]),
        ("park", [Referent(colour=c, shape="bay") for c in _COLOURS]),
        ("park", [Referent(shape="bay", relation=r) for r in ("first", "second", "fourth")]),
        ("slalom", [Referent(relation="left"), Referent(relation="right")]),
    )
    for referent in referents
    for manner in MANNERS
)
