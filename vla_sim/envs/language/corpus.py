"""All words of the grammar, for tokenizers."""

import re
import string
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from vla_sim.envs.language import lexicon
from vla_sim.envs.language.arms import MARKS
from vla_sim.envs.language.grammar import SPLITS
from vla_sim.envs.language.templates import INTENTS, TEMPLATES
from vla_sim.errors import UnknownName
from vla_sim.records.instruction import LANGUAGES, Language, Split

_WORD = re.compile(r"[a-z]+|[\u4e00-\u9fff]")
_SLOT = re.compile(r"\{\w+\}")
_TABLES: tuple[Mapping[Language, Mapping[str, lexicon.Words]], ...] = (
    lexicon.COLOUR_WORDS,
    lexicon.SHAPE_WORDS,
    lexicon.SIZE_WORDS,
    lexicon.SIDE_WORDS,
    lexicon.WAY_WORDS,
    lexicon.RANK_PHRASES,
    lexicon.PLACE_WORDS,
)


def corpus(split: Split, intents: Collection[str] = INTENTS) -> Iterator[str]:
    """The pieces that the texts of a split are put together from, in a fixed order.

    The sentences are too many to list; every word of every one of them is in a piece.

    Args:
        split: Which texts.
        intents: What they ask for.

    Raises:
        UnknownName: If there is no such split.
    """
    if split not in SPLITS:
        raise UnknownName("split", split, SPLITS)
    for template in TEMPLATES:
        if template.split == split and template.intent_id in intents:
            yield _SLOT.sub(" ", template.with_manner)
    for language in LANGUAGES:
        for table in _TABLES:
            for words in table[language].values():
                yield from (_SLOT.sub(" ", word) for word in words)
        yield from lexicon.ORDINAL_WORDS[language].values()
        for phrases in (lexicon.ROW_PHRASES, lexicon.ROAD_PHRASES):
            yield from (_SLOT.sub(" ", phrase) for phrase in phrases[language])
        for manners in lexicon.MANNER_SLOTS.values():
            for words in manners[language].values():
                yield from words
    for measures in lexicon.MEASURE_WORDS.values():
        yield from measures
    yield from ("the", "and", "的", "和", "个")  # what phrases add of their own


def vocabulary() -> list[str]:
    """Every English word and Chinese character of both splits, sorted; no punctuation."""
    words: set[str] = set()
    for split in SPLITS:
        for text in corpus(split):
            words.update(_WORD.findall(text))
    return sorted(words)


@cache
def alphabet() -> str:
    """Every letter, Chinese character and mark that an instruction can hold, in any arm; sorted."""
    letters = set(string.ascii_letters + string.digits + string.punctuation + " ，？。！、")
    letters.update(*(mark for marks in MARKS.values() for mark in marks))
    for word in vocabulary():
        letters.update(word)
    return "".join(sorted(letters))
