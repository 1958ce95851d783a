"""Some meanings that the grammar can say, for tests that need a few of them."""

from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS

_COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")

_PAIRS = (("red", "green"), ("blue", "purple"), ("orange", "red"))
_CARRIED: tuple[Meaning, ...] = tuple(
    Meaning(
        intent_id=intent_id,
        referent=Referent(colour=one, shape=shape),
        target=target,
        manner=manner,
    )
    for one, other in _PAIRS
    for intent_id, shape, target in (
        ("pick_place", "ball", Referent(colour=other, shape="disc")),
        ("push", "cube", Referent(colour=other, shape="square")),
        ("sort", "", Referent(colour=other, shape="tray")),
        ("stack", "cylinder", Referent(colour=other, shape="cube")),
        *(
            (
                "place_relative",
                "cube",
                Referent(relation=side, anchors=(Referent(colour=other, shape="ball"),)),
            )
            for side in ("left_of", "right_of", "in_front_of", "behind")
        ),
    )
    for manner in MANNERS
)

_PLAIN: tuple[Meaning, ...] = tuple(
    Meaning(intent_id=intent_id, referent=referent, manner=manner)
    for intent_id, referents in (
        ("reach", [Referent(colour=c, shape=s) for c in _COLOURS for s in ("cube", "ball")]),
        ("lift", [Referent(colour=c, shape="cylinder") for c in _COLOURS]),
        ("drive_to", [Referent(colour=c, shape="diamond") for c in _COLOURS]),
        ("change_lane", [Referent(relation="left"), Referent(relation="right")]),
        ("follow", [Referent(colour=c, shape="truck") for c in _COLOURS]),
    )
    for referent in referents
    for manner in MANNERS
)

MEANINGS: tuple[Meaning, ...] = (*_PLAIN, *_CARRIED)
