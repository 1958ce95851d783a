"""All text of the grammar, for tokenizers."""

import re
from collections.abc import Iterator

from vla_sim.envs.language.grammar import MEANINGS, SPLITS, say_all
from vla_sim.records.instruction import LANGUAGES, Split

_WORD = re.compile(r"[a-z]+|[\u4e00-\u9fff]")


def corpus(split: Split) -> Iterator[str]:
    """Each text of a split once, English and Chinese, in a fixed order.

    Raises:
        UnknownName: If there is no such split.
    """
    for meaning in MEANINGS:
        for language in LANGUAGES:
            for said in say_all(meaning, language, split):
                yield said.text


def vocabulary() -> list[str]:
    """Every English word and Chinese character of both splits, sorted; no punctuation."""
    words: set[str] = set()
    for split in SPLITS:
        for text in corpus(split):
            words.update(_WORD.findall(text))
    return sorted(words)
