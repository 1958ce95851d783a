"""From a meaning to words, and back."""

import itertools
from collections.abc import Mapping
from functools import cache
from typing import NoReturn, get_args

import numpy as np

from vla_sim.envs.language.lexicon import (
    COLOUR_WORDS,
    COLOURS,
    JOINER,
    MANNER_SLOTS,
    OBJECT_SHAPES,
    PAD_SHAPES,
    SHAPE_WORDS,
    SIDE_WORDS,
    SIDES,
    VEHICLE_SHAPES,
    Words,
    words_for,
)
from vla_sim.envs.language.templates import INTENTS, TEMPLATES, Template
from vla_sim.errors import UnknownName, VlaSimError
from vla_sim.records.instruction import (
    LANGUAGES,
    Instruction,
    Language,
    Meaning,
    Referent,
    Split,
)
from vla_sim.records.manner import MANNERS

SPLITS: tuple[Split, ...] = get_args(Split)


def _things(shapes: Words) -> tuple[Referent, ...]:
    return tuple(Referent(colour=c, shape=s) for c in COLOURS for s in shapes)


REFERENTS: Mapping[str, tuple[Referent, ...]] = {
    "reach": _things(OBJECT_SHAPES),
    "lift": _things(OBJECT_SHAPES),
    "drive_to": _things(PAD_SHAPES),
    "change_lane": tuple(Referent(relation=side) for side in SIDES),
    "follow": _things(VEHICLE_SHAPES),
}
"""What each intent can be about."""

MEANINGS: tuple[Meaning, ...] = tuple(
    Meaning(intent_id=intent_id, referent=referent, manner=manner)
    for intent_id, referents in REFERENTS.items()
    for referent in referents
    for manner in MANNERS
)
"""All that can be meant. The order is fixed: triples on disk and in buffers count by it."""

MEANING_INDEX: Mapping[Meaning, int] = {meaning: i for i, meaning in enumerate(MEANINGS)}


@cache
def templates_of(intent_id: str, language: Language, split: Split) -> tuple[Template, ...]:
    """The patterns of one intent; the k-th of one language is parallel to the k-th of the other.

    Raises:
        UnknownName: If there is no such intent, language or split.
    """
    for kind, name, known in (
        ("intent", intent_id, INTENTS),
        ("language", language, LANGUAGES),
        ("split", split, SPLITS),
    ):
        if name not in known:
            raise UnknownName(kind, name, known)
    return tuple(
        t for t in TEMPLATES if (t.intent_id, t.language, t.split) == (intent_id, language, split)
    )


@cache
def _slot_words(meaning: Meaning, language: Language) -> tuple[str, Words, Mapping[str, Words]]:
    """The referent's slot, its phrases, and the manner's words per slot (empty when normal)."""
    if meaning not in MEANING_INDEX:
        _explain_unknown(meaning)
    referent = meaning.referent
    if referent.relation:
        slot, phrases = "side", SIDE_WORDS[language][referent.relation]
    else:
        slot = "thing"
        phrases = tuple(
            colour + JOINER[language] + noun
            for colour in COLOUR_WORDS[language][referent.colour]
            for noun in SHAPE_WORDS[language][referent.shape]
        )
    if meaning.manner == "normal":
        return slot, phrases, {}
    manner_words = {name: table[language][meaning.manner] for name, table in MANNER_SLOTS.items()}
    return slot, phrases, manner_words


def _explain_unknown(meaning: Meaning) -> NoReturn:
    """Raise the error that names the first part of `meaning` that no table knows."""
    if meaning.intent_id not in REFERENTS:
        raise UnknownName("intent", meaning.intent_id, REFERENTS)
    if meaning.manner not in MANNERS:
        raise UnknownName("manner", meaning.manner, MANNERS)
    fitting = REFERENTS[meaning.intent_id]
    for part in ("colour", "shape", "relation"):
        known = {str(getattr(r, part)): () for r in fitting}
        words_for(known, f"{part} for {meaning.intent_id!r}", getattr(meaning.referent, part))
    raise AssertionError(f"every part of {meaning} is known, but not the whole")


def _instruction(template: Template, meaning: Meaning, text: str) -> Instruction:
    return Instruction(
        text=text,
        language=template.language,
        template_id=template.template_id,
        split=template.split,
        meaning=meaning,
    )


def say(
    meaning: Meaning, *, language: Language, split: Split, rng: np.random.Generator
) -> Instruction:
    """Words for a meaning, drawn uniformly over templates and then over synonyms.

    Equal states of `rng` give parallel templates in both languages. Each call draws the same
    amount from `rng`, whatever the meaning.

    Raises:
        UnknownName: If the meaning, language or split is in none of the tables.
    """
    templates = templates_of(meaning.intent_id, language, split)
    slot, phrases, manner_words = _slot_words(meaning, language)
    i, j, k = rng.integers(0, 2**31, size=3).tolist()
    template = templates[i % len(templates)]
    words = {slot: phrases[j % len(phrases)]}
    if not manner_words:
        return _instruction(template, meaning, template.without_manner.format_map(words))
    choices = manner_words[template.manner_slot]
    words[template.manner_slot] = choices[k % len(choices)]
    return _instruction(template, meaning, template.with_manner.format_map(words))


def say_all(meaning: Meaning, language: Language, split: Split) -> tuple[Instruction, ...]:
    """Everything that `say` can answer, in a fixed order.

    Raises:
        UnknownName: As in `say`.
    """
    templates = templates_of(meaning.intent_id, language, split)
    slot, phrases, manner_words = _slot_words(meaning, language)
    said = []
    for template, phrase in itertools.product(templates, phrases):
        if not manner_words:
            texts = [template.without_manner.format_map({slot: phrase})]
        else:
            texts = [
                template.with_manner.format_map({slot: phrase, template.manner_slot: word})
                for word in manner_words[template.manner_slot]
            ]
        said += [_instruction(template, meaning, text) for text in texts]
    return tuple(said)


@cache
def _readings() -> Mapping[str, Meaning]:
    return {
        said.text: meaning
        for meaning in MEANINGS
        for language in LANGUAGES
        for split in SPLITS
        for said in say_all(meaning, language, split)
    }


def parse(text: str) -> Meaning:
    """The meaning of a text that the grammar can say; case and outer spaces do not matter.

    Raises:
        VlaSimError: If the grammar cannot say it.
    """
    try:
        return _readings()[" ".join(text.lower().split())]
    except KeyError:
        example = say_all(MEANINGS[0], "en", "seen")[0].text
        raise VlaSimError(
            f"the grammar cannot say {text!r}; it says, for example, {example!r}; "
            "say_all(meaning, language, split) lists all"
        ) from None
