"""Describe: the referring phrases that are true of a thing and single it out in its scene.

A speaker says a relation only where it is plain to see, and only where no hearer could take the
phrase for another thing. A phrase says no more than it needs: nobody says "the leftmost ball" where
there is one ball, or "the large ball" where no ball is small.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from vla_sim.envs.language.lexicon import ORDINALS
from vla_sim.envs.language.resolve import along_line, offset, resolve
from vla_sim.envs.language.viewpoint import Thing, Viewpoint
from vla_sim.records.instruction import Referent

PLAIN_RAD = math.radians(30.0)
"""Left of, behind and the like are said within this angle of the straight line: half of what a
hearer still lets pass, so that the picture's perspective cannot turn one into another."""
BETWEEN_SHARES = (0.3, 0.7)
"""Between is said in the middle part of the line,"""
BESIDE_SHARE = 0.2
"""and this close to it, as a share of its length; a hearer lets more than twice that pass."""
PLACES = ("left_of", "right_of", "in_front_of", "behind")


def describe(things: Sequence[Thing], index: int, view: Viewpoint) -> tuple[Referent, ...]:
    """All phrases for the thing at `index`, each true of it and of no other thing there.

    Returns:
        Referents by kind: colour and shape, either alone, size, ranks, relations to one anchor and
        to two. Empty if nothing singles the thing out.
    """
    every = (
        *_by_looks(things, index, view),
        *_by_rank(things, index, view),
        *_by_anchor(things, index, view),
    )
    return tuple(r for r in every if resolve(r, things, view) == (index,))


def draw_names(
    things: Sequence[Thing], view: Viewpoint, rng: np.random.Generator
) -> list[Referent] | None:
    """A phrase for each thing, all kinds of phrases alike; None if a thing has no name."""
    names = []
    for index in range(len(things)):
        kinds: dict[str, list[Referent]] = defaultdict(list)
        for referent in describe(things, index, view):
            kinds[kind_of(referent)].append(referent)
        if not kinds:
            return None
        kind, which = rng.random(2)
        names_of = list(kinds.values())[int(kind * len(kinds))]
        names.append(names_of[int(which * len(names_of))])
    return names


def kind_of(referent: Referent) -> str:
    """What a phrase goes by: "looks", "size", "rank", "place" (by one anchor) or "between"."""
    if referent.anchors:
        return "place" if len(referent.anchors) == 1 else "between"
    if referent.relation:
        return "rank"
    return "size" if referent.size else "looks"


def _by_looks(things: Sequence[Thing], index: int, view: Viewpoint) -> Iterator[Referent]:
    thing = things[index]
    yield from _named(thing, view)
    if len({t.size for t in things if t.shape == thing.shape}) > 1:
        yield Referent(shape=thing.shape, size=thing.size)
    alike = [t for t in things if (t.colour, t.shape) == (thing.colour, thing.shape)]
    if len({t.size for t in alike}) > 1:
        yield Referent(colour=thing.colour, shape=thing.shape, size=thing.size)


def _named(thing: Thing, view: Viewpoint) -> Iterator[Referent]:
    """What anchors can be called too."""
    yield Referent(colour=thing.colour, shape=thing.shape)
    yield Referent(colour=thing.colour, shape=view.noun)
    yield Referent(shape=thing.shape)


def _by_rank(things: Sequence[Thing], index: int, view: Viewpoint) -> Iterator[Referent]:
    thing = things[index]
    for base in (
        Referent(shape=thing.shape),
        Referent(shape=view.noun),
        Referent(colour=thing.colour, shape=view.noun),
    ):
        rivals = [t for k, t in enumerate(things) if k != index and t.fits(base)]
        if not rivals:
            continue
        last = len(rivals)
        away = _place(view.away(thing), [view.away(t) for t in rivals], view.gap_m)
        across = _place(
            view.across(thing, things), [view.across(t, things) for t in rivals], view.gap_m
        )
        told = [name for name, place in (("nearest", 0), ("farthest", last)) if away == place]
        told += [name for name, place in (("leftmost", 0), ("rightmost", last)) if across == place]
        if last == 1 and base.shape:
            told += [name for name, place in (("left", 0), ("right", 1)) if across == place]
        if across is not None and 2 <= last < len(ORDINALS):
            told.append(ORDINALS[across])
        if across == 1 and last == 2 and base.shape:
            told.append("middle")
        for relation in told:
            yield replace(base, relation=relation)


def _place(
    mine: tuple[float, float], rivals: Sequence[tuple[float, float]], gap_m: float
) -> int | None:
    """How many rivals come before by both measures; None if one is too close to tell."""
    if any(abs(rival[m] - mine[m]) < gap_m for rival in rivals for m in range(2)):
        return None
    before = [sum(rival[m] < mine[m] for rival in rivals) for m in range(2)]
    return before[0] if before[0] == before[1] else None


def _by_anchor(things: Sequence[Thing], index: int, view: Viewpoint) -> Iterator[Referent]:
    thing = things[index]
    shapes = (thing.shape, view.noun)
    bases = [
        Referent(shape=s) for s in shapes if sum(t.fits(Referent(shape=s)) for t in things) > 1
    ]
    others = [k for k in range(len(things)) if k != index]
    names = {
        k: [r for r in _named(things[k], view) if resolve(r, things, view) == (k,)] for k in others
    }
    for k in others:
        for relation in PLACES:
            along, aside = offset(relation, thing, things[k])
            if along >= view.gap_m and abs(aside) <= along * math.tan(PLAIN_RAD):
                for base, name in itertools.product(bases, names[k]):
                    yield replace(base, relation=relation, anchors=(name,))
    low, high = BETWEEN_SHARES
    for one, other in itertools.combinations(others, 2):
        share, aside = along_line(thing, things[one], things[other])
        if low <= share <= high and aside <= BESIDE_SHARE:
            for base, *anchors in itertools.product(bases, names[one], names[other]):
                yield replace(base, relation="between", anchors=tuple(anchors))
