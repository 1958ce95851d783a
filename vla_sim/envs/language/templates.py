"""Templates: the sentence patterns of all intents, cut to what `str.format` fills in."""

import re
from dataclasses import dataclass
from functools import cache

from vla_sim.envs.language.patterns import PATTERNS
from vla_sim.envs.language.patterns.pattern import Pair
from vla_sim.records.instruction import LANGUAGES, Language, Split


@dataclass(frozen=True, kw_only=True)
class Template:
    """One sentence pattern of one language."""

    template_id: str
    """E.g. "lift-03"; the same in both languages."""
    intent_id: str
    language: Language
    split: Split
    with_manner: str
    """A format string with the slots of the intent and one manner slot."""
    without_manner: str
    """The same without the bracketed part."""
    manner_slot: str
    """"adverb", "tail" or "lead": which words of a manner fit the bracketed part."""


INTENTS: tuple[str, ...] = tuple(PATTERNS)


def _templates(intent_id: str, split: Split, first: int, pairs: tuple[Pair, ...]) -> list[Template]:
    templates = []
    for number, pair in enumerate(pairs, start=first):
        for language, pattern in zip(LANGUAGES, pair, strict=True):
            (slot,) = re.findall(r"\[[^\]]*\{(\w+)\}[^\]]*\]", pattern)
            templates.append(
                Template(
                    template_id=f"{intent_id}-{number:02d}",
                    intent_id=intent_id,
                    language=language,
                    split=split,
                    with_manner=re.sub(r"[\[\]]", "", pattern),
                    without_manner=re.sub(r"\[.*?\]", "", pattern),
                    manner_slot=slot,
                )
            )
    return templates


TEMPLATES: tuple[Template, ...] = tuple(
    template
    for intent_id, patterns in PATTERNS.items()
    for template in (
        *_templates(intent_id, "seen", 1, patterns.seen),
        *_templates(intent_id, "held_out", 1 + len(patterns.seen), patterns.held_out),
    )
)


@cache
def slots_of(intent_id: str) -> tuple[str, ...]:
    """The slots of an intent's patterns, but for the manner's: of thing, side, target, way."""
    pattern = PATTERNS[intent_id].seen[0][0]
    found = re.findall(r"\{(\w+)\}", re.sub(r"\[.*?\]", "", pattern))
    return tuple(slot for slot in ("thing", "side", "target", "way") if slot in found)


@cache
def wants_place(intent_id: str) -> bool:
    """Whether the intent's target is a place told by anchors, and not a thing."""
    pattern = PATTERNS[intent_id].seen[0][0]
    return "{target}" in pattern and "the {target}" not in pattern
