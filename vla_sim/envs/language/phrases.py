"""Phrases: what a referent or a target can be called."""

from collections.abc import Mapping
from functools import cache, lru_cache

from vla_sim.envs.language.choices import Choices, either, filled
from vla_sim.envs.language.lexicon import (
    ALONG_THE_ROAD,
    COLOUR_WORDS,
    MEASURE_WORDS,
    ORDINAL_WORDS,
    ORDINALS,
    PLACE_WORDS,
    RANK_PHRASES,
    RANKS,
    ROAD_PHRASES,
    ROW_PHRASES,
    SHAPE_WORDS,
    SIDE_WORDS,
    SIZE_WORDS,
    WAY_WORDS,
    words_for,
)
from vla_sim.envs.language.templates import wants_place
from vla_sim.errors import BadConfig
from vla_sim.records.instruction import Language, Meaning, Referent

THING_BY_PLACE: Mapping[Language, tuple[str, str]] = {
    "en": ("{noun} {place} the {a}", "{noun} {place} the {a} and the {b}"),
    "zh": ("{a}{place}的{noun}", "{a}和{b}{place}的{noun}"),
}
"""A thing that lies so to one anchor, and to two."""
PLACES: Mapping[Language, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("{place} the {a}",), ("{place} the {a} and the {b}",)),
    "zh": (("{a}{place}", "{a}的{place}"), ("{a}和{b}{place}",)),
}
"""With one anchor, and with two."""


@lru_cache(maxsize=20_000)
def slots(meaning: Meaning, language: Language) -> Mapping[str, Choices]:
    """The words that may fill each slot of the meaning's templates, but for the manner's.

    Raises:
        UnknownName: If a part of the meaning is in none of the tables.
    """
    choices: dict[str, Choices] = {}
    referent, target = meaning.referent, meaning.target
    if is_thing(referent) or referent.anchors:
        choices["thing"] = things(referent, language)
    elif referent.relation:
        sides = words_for(SIDE_WORDS[language], "side", referent.relation)
        choices["side"] = Choices(((sides,),))
    if target.anchors and wants_place(meaning.intent_id):
        choices["target"] = places(target, language)
    elif is_thing(target) or target.anchors:
        choices["target"] = things(target, language)
    elif target.relation:
        ways = words_for(WAY_WORDS[language], "way", target.relation)
        choices["way"] = Choices(((ways,),))
    return choices


def is_thing(referent: Referent) -> bool:
    """Whether a noun can name it by itself; otherwise it is a side, a way, a place, or nothing."""
    named = referent.colour or referent.shape or referent.size
    return bool(named) or referent.relation in RANKS


@lru_cache(maxsize=20_000)
def things(referent: Referent, language: Language) -> Choices:
    """Noun phrases for a thing, without an article, e.g. "red cube" or "leftmost large ball".

    Ranks and ordinals count among all that the rest of the phrase fits: the second red cube from
    the left is the second of the red cubes.

    Raises:
        UnknownName: If a part of it is in none of the tables.
        BadConfig: If its relation has another number of anchors.
    """
    relation = referent.relation
    if not relation:
        return plain(referent, language, bare=False)
    noun = plain(referent, language)
    if referent.anchors or relation in PLACE_WORDS[language]:
        pattern = THING_BY_PLACE[language][_n_anchors(referent) - 1]
        return filled(pattern, noun=noun, **_place_parts(referent, language))
    measure = MEASURE_WORDS.get(referent.shape, ("个",))
    if relation in ORDINALS:
        on_road = referent.shape in ALONG_THE_ROAD
        patterns = (ROAD_PHRASES if on_road else ROW_PHRASES)[language]
        ordinal = (ORDINAL_WORDS[language][relation],)
        return either(*(filled(p, noun=noun, measure=measure, ordinal=ordinal) for p in patterns))
    patterns = words_for(RANK_PHRASES[language], "rank", relation)
    return either(*(filled(p, noun=noun, measure=measure) for p in patterns))


@lru_cache(maxsize=20_000)
def places(target: Referent, language: Language) -> Choices:
    """Where something is to lie, told by its anchors: "behind the red ball", 红色球后面.

    Raises:
        UnknownName: If a part of it is in none of the tables.
        BadConfig: If its relation has another number of anchors.
    """
    patterns = PLACES[language][_n_anchors(target) - 1]
    return either(*(filled(p, **_place_parts(target, language)) for p in patterns))


@cache
def plain(referent: Referent, language: Language, *, bare: bool = True) -> Choices:
    """Size, colour and noun.

    A colour that is `bare` stands without its particle, as Chinese has it inside longer phrases:
    红色的方块, but 最左边的红色方块.
    """
    parts = {"noun": words_for(SHAPE_WORDS[language], "shape", referent.shape)}
    if referent.colour:
        colours = words_for(COLOUR_WORDS[language], "colour", referent.colour)
        parts["colour"] = tuple(c for c in colours if not (bare and c.endswith("的")))
    if referent.size:
        parts["size"] = words_for(SIZE_WORDS[language], "size", referent.size)
    # English says the large red cube, Chinese 红色的大方块.
    order = ("size", "colour", "noun") if language == "en" else ("colour", "size", "noun")
    join = " " if language == "en" else ""
    return filled(join.join(f"{{{name}}}" for name in order if name in parts), **parts)


def _place_parts(referent: Referent, language: Language) -> dict[str, "tuple[str, ...] | Choices"]:
    anchors = [plain(anchor, language) for anchor in referent.anchors]
    words = words_for(PLACE_WORDS[language], "place", referent.relation)
    return {"place": words, **dict(zip("ab", anchors, strict=False))}


def _n_anchors(referent: Referent) -> int:
    n = 2 if referent.relation == "between" else 1
    if len(referent.anchors) != n:
        raise BadConfig(
            f"{referent.relation!r} is told by {n} anchor(s), and {referent.key!r} has "
            f"{len(referent.anchors)}"
        )
    return n
