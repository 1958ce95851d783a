"""Resolve: what a hearer may take a referring phrase for.

The hearer is generous: whatever could be meant is in the answer, so that an answer of one thing
says that the phrase is safe. The speaker of `describe` is strict; between the two lies the margin.
"""

import math
from collections.abc import Sequence

from vla_sim.envs.language.lexicon import ORDINALS
from vla_sim.envs.language.viewpoint import Thing, Viewpoint
from vla_sim.records.instruction import Referent

WIDEST_RAD = math.radians(60.0)
"""A thing this far off the straight line may still be called left of another."""
BESIDE_SHARE = 0.5
"""And one this far off the line between two, of the line's length, between them."""
AT_ENDS_SHARE = 0.05
"""A thing this near the line's end, of its length, is beside the anchor rather than between."""


def resolve(referent: Referent, things: Sequence[Thing], view: Viewpoint) -> tuple[int, ...]:
    """Indices of all things that the phrase may name, in order."""
    fit = [k for k, thing in enumerate(things) if thing.fits(referent)]
    if not referent.relation:
        return tuple(fit)
    if not referent.anchors:
        return tuple(sorted(_ranked(referent.relation, fit, things, view)))
    anchors = [resolve(anchor, things, view) for anchor in referent.anchors]
    if len(anchors) == 1:
        return tuple(
            k
            for k in fit
            if any(a != k and may_lie(referent.relation, things[k], things[a]) for a in anchors[0])
        )
    return tuple(
        k
        for k in fit
        if any(
            len({k, a, b}) == 3 and may_lie_between(things[k], things[a], things[b])
            for a in anchors[0]
            for b in anchors[1]
        )
    )


def _ranked(relation: str, fit: list[int], things: Sequence[Thing], view: Viewpoint) -> set[int]:
    """Those that have a rank by one of the two measures."""
    found = set()
    for measure in range(2):
        right = {k: view.across(things[k], things)[measure] for k in fit}
        far = {k: view.away(things[k])[measure] for k in fit}
        across, away = sorted(fit, key=right.__getitem__), sorted(fit, key=far.__getitem__)
        if relation in ("leftmost", "left"):
            found.update(across[:1])
        elif relation in ("rightmost", "right"):
            found.update(across[-1:])
        elif relation == "nearest":
            found.update(away[:1])
        elif relation == "farthest":
            found.update(away[-1:])
        elif relation == "middle":
            found.update(across[(len(across) - 1) // 2 : len(across) // 2 + 1])
        else:
            place = ORDINALS.index(relation)
            found.update(across[place : place + 1])
    return found


def may_lie(relation: str, thing: Thing, anchor: Thing) -> bool:
    """Whether a thing may be said to lie so to an anchor."""
    along, aside = offset(relation, thing, anchor)
    return along > 0.0 and abs(aside) <= along * math.tan(WIDEST_RAD)


def offset(relation: str, thing: Thing, anchor: Thing) -> tuple[float, float]:
    """How far a thing lies from its anchor in the relation's direction, and aside from it [m]."""
    right, away = thing.right_m - anchor.right_m, thing.away_m - anchor.away_m
    along = {"left_of": -right, "right_of": right, "in_front_of": -away, "behind": away}[relation]
    return along, away if relation in ("left_of", "right_of") else right


def may_lie_between(thing: Thing, one: Thing, other: Thing) -> bool:
    """Whether a thing may be said to lie between two."""
    share, aside = along_line(thing, one, other)
    return AT_ENDS_SHARE < share < 1.0 - AT_ENDS_SHARE and aside < BESIDE_SHARE


def along_line(thing: Thing, one: Thing, other: Thing) -> tuple[float, float]:
    """Where a thing lies on the line from one to another, and how far off, as shares of it."""
    right, away = other.right_m - one.right_m, other.away_m - one.away_m
    square = right * right + away * away
    if square == 0.0:
        return 0.0, math.inf
    x, y = thing.right_m - one.right_m, thing.away_m - one.away_m
    return (x * right + y * away) / square, abs(x * away - y * right) / square
