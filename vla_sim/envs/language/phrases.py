"""Phrases: what a referent or a target can be called."""

import itertools
from collections.abc import Iterator, Mapping
from functools import cache

from vla_sim.envs.language.lexicon import (
    COLOUR_WORDS,
    JOINER,
    PLACE_WORDS,
    RANK_WORDS,
    SHAPE_WORDS,
    SIDE_WORDS,
    SIZE_WORDS,
    WAY_WORDS,
    Words,
    words_for,
)
from vla_sim.records.instruction import Language, Meaning, Referent


@cache
def slots(meaning: Meaning, language: Language) -> Mapping[str, Words]:
    """The words that may fill each slot of the meaning's templates, but for the manner's.

    Raises:
        UnknownName: If a part of the meaning is in none of the tables.
    """
    filled: dict[str, Words] = {}
    referent, target = meaning.referent, meaning.target
    if _is_thing(referent):
        filled["thing"] = things(referent, language)
    elif referent.relation:
        filled["side"] = words_for(SIDE_WORDS[language], "side", referent.relation)
    if _is_thing(target):
        filled["target"] = things(target, language)
    elif target.anchors:
        filled["target"] = tuple(_places(target, language))
    elif target.relation:
        filled["way"] = words_for(WAY_WORDS[language], "way", target.relation)
    return filled


@cache
def things(referent: Referent, language: Language) -> Words:
    """Noun phrases for a thing, without an article, e.g. "red cube" or "leftmost large ball".

    Raises:
        UnknownName: If a part of it is in none of the tables.
    """
    plain = list(_plain(referent, language))
    relation, join = referent.relation, JOINER[language]
    if not relation:
        return tuple(plain)
    if not referent.anchors:
        ranks = words_for(RANK_WORDS[language], "rank", relation)
        return tuple(rank + join + noun for rank in ranks for noun in plain)
    places = list(_places(referent, language))
    if language == "en":
        return tuple(f"{noun} {place}" for noun in plain for place in places)
    return tuple(f"{place}的{noun}" for noun in plain for place in places)


def _is_thing(referent: Referent) -> bool:
    return bool(referent.colour or referent.shape)


def _plain(referent: Referent, language: Language) -> Iterator[str]:
    """Size, colour and noun."""
    colours: Words = ("",)
    if referent.colour:
        colours = words_for(COLOUR_WORDS[language], "colour", referent.colour)
    sizes: Words = ("",)
    if referent.size:
        sizes = words_for(SIZE_WORDS[language], "size", referent.size)
    nouns = words_for(SHAPE_WORDS[language], "shape", referent.shape)
    for colour, size, noun in itertools.product(colours, sizes, nouns):
        # English says the large red cube, Chinese 红色的大方块.
        order = (size, colour, noun) if language == "en" else (colour, size, noun)
        yield JOINER[language].join(word for word in order if word)


def _places(referent: Referent, language: Language) -> Iterator[str]:
    """Where something lies, told by its anchors: "behind the red ball", 红球后面."""
    words = words_for(PLACE_WORDS[language], "place", referent.relation)
    anchors = [list(_plain(anchor, language)) for anchor in referent.anchors]
    for word, named in itertools.product(words, itertools.product(*anchors)):
        if language == "en":
            yield f"{word} " + " and ".join(f"the {anchor}" for anchor in named)
        else:
            yield "和".join(named) + word
