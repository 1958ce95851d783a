"""From a meaning to words."""

import itertools
import math
from collections.abc import Iterable
from functools import cache
from typing import get_args

import numpy as np

from vla_sim.envs.language.lexicon import MANNER_SLOTS
from vla_sim.envs.language.phrases import slots
from vla_sim.envs.language.templates import INTENTS, TEMPLATES, Template
from vla_sim.errors import UnknownName
from vla_sim.records.instruction import (
    LANGUAGES,
    Instruction,
    Language,
    Meaning,
    Split,
)

SPLITS: tuple[Split, ...] = get_args(Split)
_SLOTS = ("thing", "side", "target", "way")


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
    choices = slots(meaning, language)
    # One draw for the template, one for the manner, and one for each slot that could be.
    i, k, *drawn = rng.integers(0, 2**31, size=2 + len(_SLOTS)).tolist()
    template = templates[i % len(templates)]
    words = {
        slot: choices[slot][j % len(choices[slot])]
        for slot, j in zip(_SLOTS, drawn, strict=True)
        if slot in choices
    }
    if meaning.manner == "normal":
        return _instruction(template, meaning, template.without_manner.format_map(words))
    manner = MANNER_SLOTS[template.manner_slot][language][meaning.manner]
    words[template.manner_slot] = manner[k % len(manner)]
    return _instruction(template, meaning, template.with_manner.format_map(words))


def say_all(meaning: Meaning, language: Language, split: Split) -> tuple[Instruction, ...]:
    """Everything that `say` can answer, in a fixed order.

    Raises:
        UnknownName: As in `say`.
    """
    choices = slots(meaning, language)
    said = []
    for template in templates_of(meaning.intent_id, language, split):
        pattern = template.without_manner
        fillings: dict[str, Iterable[str]] = dict(choices)
        if meaning.manner != "normal":
            pattern = template.with_manner
            manner = MANNER_SLOTS[template.manner_slot][language][meaning.manner]
            fillings[template.manner_slot] = manner
        for words in itertools.product(*fillings.values()):
            text = pattern.format_map(dict(zip(fillings, words, strict=True)))
            said.append(_instruction(template, meaning, text))
    return tuple(said)


def count(meaning: Meaning, language: Language, split: Split) -> int:
    """How many texts `say_all` gives, without saying them.

    Raises:
        UnknownName: As in `say`.
    """
    n_phrases = math.prod(len(choices) for choices in slots(meaning, language).values())
    if meaning.manner == "normal":
        return n_phrases * len(templates_of(meaning.intent_id, language, split))
    return n_phrases * sum(
        len(MANNER_SLOTS[template.manner_slot][language][meaning.manner])
        for template in templates_of(meaning.intent_id, language, split)
    )
