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
) + tuple(
    Meaning(intent_id=intent_id, referent=referent, target=target, manner=manner)
    for intent_id, referents, targets in (
        (
            "press",
            [Referent(colour="red", shape="button"), Referent(shape="button", relation="second")],
            [Referent()],
        ),
        (
            "open_drawer",
            [Referent(colour=c, shape="drawer") for c in _COLOURS[:2]],
            [Referent()],
        ),
        (
            "close_drawer",
            [Referent(colour="red", shape="drawer"), Referent(shape="drawer", relation="left")],
            [Referent()],
        ),
        (
            "turn_knob",
            [Referent(colour="red", shape="knob"), Referent(shape="knob", relation="right")],
            [Referent(relation="clockwise"), Referent(relation="anticlockwise")],
        ),
        (
            "trace",
            [Referent(colour=c, shape="line") for c in _COLOURS[:2]],
            [Referent(relation="left"), Referent(relation="right")],
        ),
    )
    for referent in referents
    for target in targets
    for manner in MANNERS
)
