"""Meanings as integers: what triples store, in memory and in batches.

A code is a mixed-radix number over the vocabulary's tables, so every meaning that the words can
say has one, whether or not a task asks for it. Tables grow at their ends only, within their radix:
codes stay what they are.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.language.lexicon import COLOURS, RELATIONS, SHAPES, SIZES
from vla_sim.envs.language.patterns import PATTERNS
from vla_sim.errors import UnknownName
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS, Manner

_TABLES: Mapping[str, tuple[Sequence[str], int]] = {
    "intent": (tuple(PATTERNS), 64),
    "manner": (MANNERS, 8),
    "colour": (("", *COLOURS), 16),
    "shape": (("", *SHAPES), 32),
    "size": (("", *SIZES), 4),
    "relation": (("", *RELATIONS), 32),
}
_PLACE: Mapping[str, Mapping[str, int]] = {
    name: {entry: place for place, entry in enumerate(entries)}
    for name, (entries, _) in _TABLES.items()
}
_MANNER: Mapping[str, Manner] = {name: name for name in MANNERS}
_THING = ("colour", "shape", "size", "relation")
_DIGITS = ("intent", "manner", *_THING, *_THING, "colour", "shape", "colour", "shape")
"""Intent, manner, referent, target, and two anchors of whichever of the two has some."""
_RADIX = (*(_TABLES[name][1] for name in _DIGITS), 4)
PLACES = tuple((math.prod(_RADIX[k + 1 :]), radix) for k, radix in enumerate(_RADIX))
"""What each part of a code is read off with, `code // below % radix`; of arrays too."""


@lru_cache(maxsize=100_000)
def encode(meaning: Meaning) -> int:
    """The meaning's code, >= 0 and below 2^62.

    Raises:
        UnknownName: If a part of the meaning is in none of the tables.
    """
    r, t = meaning.referent, meaning.target
    assert not (r.anchors and t.anchors), f"two relations with anchors: {meaning}"
    anchors = [*r.anchors, *t.anchors, Referent(), Referent()][:2]
    parts = [meaning.intent_id, meaning.manner]
    parts += [r.colour, r.shape, r.size, r.relation, t.colour, t.shape, t.size, t.relation]
    for anchor in anchors:
        parts += [anchor.colour, anchor.shape]
    code = 0
    for name, part in zip(_DIGITS, parts, strict=True):
        if part not in _PLACE[name]:
            raise UnknownName(name, part, [entry for entry in _PLACE[name] if entry])
        code = code * _TABLES[name][1] + _PLACE[name][part]
    # Which of the two the anchors belong to follows from the relations; two bits make it plain.
    return code * 4 + (1 if r.anchors else 0) + (2 if t.anchors else 0)


@lru_cache(maxsize=100_000)
def decode(code: int) -> Meaning:
    """The meaning that `encode` made this code of.

    Raises:
        ValueError: If no meaning has this code.
    """
    rest, of = divmod(int(code), 4)
    parts: list[str] = []
    for name in reversed(_DIGITS):
        entries, radix = _TABLES[name]
        rest, place = divmod(rest, radix)
        if place >= len(entries):
            raise ValueError(f"{code} is no code of a meaning")
        parts.append(entries[place])
    parts.reverse()
    if code < 0 or rest or of == 3:
        raise ValueError(f"{code} is no code of a meaning")
    pairs = ((parts[10], parts[11]), (parts[12], parts[13]))
    anchors = tuple(Referent(colour=c, shape=s) for c, s in pairs if c or s)
    return Meaning(
        intent_id=parts[0],
        referent=_thing(parts[2:6], anchors if of == 1 else ()),
        target=_thing(parts[6:10], anchors if of == 2 else ()),
        manner=_MANNER[parts[1]],
    )


def manners_of(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index into MANNERS of each meaning's code, any shape."""
    below = 4 * math.prod(_TABLES[name][1] for name in _DIGITS[_DIGITS.index("manner") + 1 :])
    return np.asarray(codes, dtype=np.int64) // below % _TABLES["manner"][1]


def _thing(parts: Sequence[str], anchors: tuple[Referent, ...]) -> Referent:
    colour, shape, size, relation = parts
    return Referent(colour=colour, shape=shape, size=size, relation=relation, anchors=anchors)
