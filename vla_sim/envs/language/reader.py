"""From words to the meanings that they can have: the grammar read backwards.

Every template is cut at its slots; a text is held against those whose beginning and end it has, and
what lies between is looked up among the phrases. Nothing is guessed: a text that the grammar does
not say has no reading, and one with two readings is ambiguous.
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

import numpy as np

from vla_sim.envs.language.grammar import say
from vla_sim.envs.language.lexicon import (
    COLOURS,
    MANNER_SLOTS,
    ORDINALS,
    PLACE_WORDS,
    RANK_PHRASES,
    SHAPES,
    SIDE_WORDS,
    SIZES,
    WAY_WORDS,
)
from vla_sim.envs.language.phrases import PLACES, THING_BY_PLACE, is_thing, plain, things
from vla_sim.envs.language.templates import TEMPLATES, wants_place
from vla_sim.errors import NotUnderstood
from vla_sim.records.instruction import Language, Meaning, Referent
from vla_sim.records.manner import Manner

_FIELD = re.compile(r"\{(\w+)\}")
_EXAMPLE = Meaning(intent_id="lift", referent=Referent(colour="red", shape="cube"))

Cut = tuple[tuple[str, ...], tuple[str, ...]]
"""The literal texts of a pattern, and the slots between them: one fewer."""
Sentence = tuple[Cut, str, Language, Manner]
"""A cut template with its manner's words filled in, its intent, language and manner."""


def readings(text: str) -> frozenset[Meaning]:
    """Every meaning that the grammar says with this text, in any language and split.

    Case and outer spaces do not matter.
    """
    return _readings(text.strip().lower())


def parse(text: str) -> Meaning:
    """The one meaning of a text.

    Raises:
        NotUnderstood: If the grammar cannot say it, or says it for several meanings.
    """
    found = readings(text)
    if len(found) == 1:
        return next(iter(found))
    if not found:
        example = say(_EXAMPLE, language="en", split="seen", rng=np.random.default_rng(0)).text
        raise NotUnderstood(f"cannot read {text!r}; the grammar says, for example, {example!r}")
    keys = ", ".join(sorted(meaning.key for meaning in found))
    raise NotUnderstood(f"{text!r} can mean {keys}; say it in other words")


@lru_cache(maxsize=4096)
def _readings(text: str) -> frozenset[Meaning]:
    found: set[Meaning] = set()
    for (literals, fields), intent_id, language, manner in _candidates(text):
        for phrases in _splits(text, literals):
            read = [
                _read(field, p, intent_id, language)
                for field, p in zip(fields, phrases, strict=True)
            ]
            for named in itertools.product(*read):
                parts = dict(zip(fields, named, strict=True))
                nothing = Referent()
                found.add(
                    Meaning(
                        intent_id=intent_id,
                        referent=parts.get("thing", parts.get("side", nothing)),
                        target=parts.get("target", parts.get("way", nothing)),
                        manner=manner,
                    )
                )
    return frozenset(found)


def _cut(pattern: str) -> Cut:
    pieces = _FIELD.split(pattern)
    return tuple(pieces[::2]), tuple(pieces[1::2])


def _splits(text: str, literals: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All ways to see a text as literals with something, not empty, in between."""
    if len(literals) == 1:
        if text == literals[0]:
            yield ()
        return
    if not text.startswith(literals[0]):
        return
    start, following = len(literals[0]), literals[1]
    if len(literals) == 2:
        end = len(text) - len(following)
        if end > start and text.endswith(following):
            yield (text[start:end],)
        return
    at = text.find(following, start + 1)
    while at >= 0:
        for rest in _splits(text[at:], literals[1:]):
            yield (text[start:at], *rest)
        at = text.find(following, at + 1)


@cache
def _sentences() -> tuple[Mapping[str, Mapping[str, list[Sentence]]], list[int], list[int]]:
    """Cut templates by their first and last literals, and how long these can be."""
    found: dict[str, dict[str, list[Sentence]]] = defaultdict(lambda: defaultdict(list))
    for template in TEMPLATES:
        spoken: list[tuple[str, Manner]] = [(template.without_manner, "normal")]
        for manner, words in MANNER_SLOTS[template.manner_slot][template.language].items():
            slot = f"{{{template.manner_slot}}}"
            spoken += [(template.with_manner.replace(slot, word), manner) for word in words]
        for pattern, manner in spoken:
            cut = _cut(pattern)
            last = cut[0][-1] if cut[1] else ""
            sentence = (cut, template.intent_id, template.language, manner)
            found[cut[0][0]][last].append(sentence)
    starts = sorted({len(first) for first in found})
    ends = sorted({len(last) for lasts in found.values() for last in lasts})
    return {first: dict(lasts) for first, lasts in found.items()}, starts, ends


def _candidates(text: str) -> Iterator[Sentence]:
    """Sentences that begin and end as the text does."""
    sentences, starts, ends = _sentences()
    for start in starts:
        if start > len(text):
            break
        lasts = sentences.get(text[:start])
        if lasts is not None:
            for end in ends:
                yield from lasts.get(text[len(text) - end :], ())


def _read(field: str, phrase: str, intent_id: str, language: Language) -> Iterable[Referent]:
    """What may be meant by a phrase in a slot."""
    if field == "target" and wants_place(intent_id):
        return _places(phrase, language)
    if field in ("thing", "target"):
        return _things(phrase, language)
    return _relations(field, language).get(phrase, ())


@cache
def _relations(field: str, language: Language) -> Mapping[str, list[Referent]]:
    """The words for sides and ways."""
    table = (SIDE_WORDS if field == "side" else WAY_WORDS)[language]
    found: dict[str, list[Referent]] = defaultdict(list)
    for relation, words in table.items():
        for word in words:
            found[word].append(Referent(relation=relation))
    return found


@lru_cache(maxsize=100_000)
def _things(phrase: str, language: Language) -> frozenset[Referent]:
    found = set(_unplaced(language).get(phrase, ()))
    for literals, fields, relation in _by_place(THING_BY_PLACE[language], language):
        for phrases in _splits(phrase, literals):
            names = [_nouns(language).get(p, ()) for p in phrases]
            for named in itertools.product(*names):
                parts = dict(zip(fields, named, strict=True))
                noun = parts.pop("noun")
                anchors = tuple(parts[name] for name in sorted(parts))
                if all(_can_anchor(anchor) for anchor in anchors):
                    found.add(
                        Referent(
                            colour=noun.colour,
                            shape=noun.shape,
                            size=noun.size,
                            relation=relation,
                            anchors=anchors,
                        )
                    )
    return frozenset(found)


@lru_cache(maxsize=100_000)
def _places(phrase: str, language: Language) -> frozenset[Referent]:
    found: set[Referent] = set()
    for patterns in PLACES[language]:
        for literals, fields, relation in _by_place(patterns, language):
            for phrases in _splits(phrase, literals):
                names = [_nouns(language).get(p, ()) for p in phrases]
                for named in itertools.product(*names):
                    parts = dict(zip(fields, named, strict=True))
                    anchors = tuple(parts[name] for name in sorted(parts))
                    if all(_can_anchor(anchor) for anchor in anchors):
                        found.add(Referent(relation=relation, anchors=anchors))
    return frozenset(found)


def _can_anchor(referent: Referent) -> bool:
    """Anchors have a colour or a shape, and no size: see `Referent`."""
    return bool(referent.colour or referent.shape) and not referent.size


@cache
def _by_place(
    patterns: tuple[str, ...], language: Language
) -> tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...]:
    """The patterns with each word for a place filled in, cut."""
    found = []
    for pattern in patterns:
        for relation, words in PLACE_WORDS[language].items():
            if ("{b}" in pattern) == (relation == "between"):
                cuts = [_cut(pattern.replace("{place}", word)) for word in words]
                found += [(*cut, relation) for cut in cuts]
    return tuple(found)


@cache
def _nouns(language: Language) -> Mapping[str, list[Referent]]:
    """Noun phrases inside longer ones."""
    found: dict[str, list[Referent]] = defaultdict(list)
    for referent in _plain_referents():
        for phrase in plain(referent, language):
            found[phrase].append(referent)
    return found


@cache
def _unplaced(language: Language) -> Mapping[str, list[Referent]]:
    """Noun phrases of things that no anchor places."""
    found: dict[str, list[Referent]] = defaultdict(list)
    for noun in _plain_referents():
        for relation in ("", *RANK_PHRASES[language], *ORDINALS):
            referent = Referent(
                colour=noun.colour, shape=noun.shape, size=noun.size, relation=relation
            )
            if is_thing(referent):
                for phrase in things(referent, language):
                    found[phrase].append(referent)
    return found


@cache
def _plain_referents() -> tuple[Referent, ...]:
    every = itertools.product(("", *COLOURS), ("", *SHAPES), ("", *SIZES))
    return tuple(Referent(colour=c, shape=s, size=z) for c, s, z in every)
