"""Some meanings that the grammar can say, for tests that need a few of every intent."""

from collections.abc import Sequence

from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS

_COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
_SIDES = ("left", "right")
_NOWHERE = (Referent(),)
_PAIRS = tuple(zip(_COLOURS, (*_COLOURS[1:], _COLOURS[0]), strict=True))


def _coloured(shape: str) -> list[Referent]:
    return [Referent(colour=colour, shape=shape) for colour in _COLOURS]


def _ranked(shape: str, *ranks: str) -> list[Referent]:
    return [Referent(shape=shape, relation=rank) for rank in ranks]


def _related(*relations: str) -> list[Referent]:
    return [Referent(relation=relation) for relation in relations]


_ASKED: tuple[tuple[str, Sequence[Referent], Sequence[Referent]], ...] = (
    ("reach", [*_coloured("cube"), *_coloured("ball")], _NOWHERE),
    ("lift", _coloured("cylinder"), _NOWHERE),
    ("drive_to", _coloured("diamond"), _NOWHERE),
    ("change_lane", _related(*_SIDES), _NOWHERE),
    ("follow", _coloured("truck"), _NOWHERE),
    ("turn", _related(*_SIDES, "straight"), _NOWHERE),
    ("park", [*_coloured("bay"), *_ranked("bay", "first", "second", "fourth")], _NOWHERE),
    ("slalom", _related(*_SIDES), _NOWHERE),
    ("press", [*_coloured("button")[:1], *_ranked("button", "second")], _NOWHERE),
    ("open_drawer", _coloured("drawer")[:2], _NOWHERE),
    ("close_drawer", [*_coloured("drawer")[:1], *_ranked("drawer", "left")], _NOWHERE),
    (
        "turn_knob",
        [*_coloured("knob")[:1], *_ranked("knob", "right")],
        _related("clockwise", "anticlockwise"),
    ),
    ("trace", _coloured("line")[:2], _related(*_SIDES)),
    ("keep_lane", _related("left", "middle", "right"), _NOWHERE),
    ("stop_at", [*_coloured("line"), *_ranked("line", "first", "second", "third")], _NOWHERE),
    ("yield_go", _coloured("pedestrian"), _NOWHERE),
    ("yield_wait", _coloured("pedestrian"), _NOWHERE),
    ("keep_distance", _coloured("car"), _related("close", "far")),
    ("overtake", _coloured("car"), _related(*_SIDES)),
)
_CARRIED: tuple[tuple[str, Referent, Referent], ...] = tuple(
    (intent_id, Referent(colour=one, shape=shape), target)
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
)

MEANINGS: tuple[Meaning, ...] = tuple(
    Meaning(intent_id=intent_id, referent=referent, target=target, manner=manner)
    for intent_id, referent, target in (
        *((i, r, t) for i, referents, targets in _ASKED for r in referents for t in targets),
        *_CARRIED,
    )
    for manner in MANNERS
)
