"""The same said otherwise: words read back to their meaning, and that meaning said anew."""

import zlib
from functools import lru_cache

import numpy as np

from vla_sim.envs.language.grammar import say
from vla_sim.envs.language.reader import readings
from vla_sim.records.instruction import LANGUAGES

_TRIES = 8
"""Draws for each wording that is wanted: a meaning may have few."""


def wordings(text: str, n: int) -> list[str]:
    """What was said and n - 1 rephrasings of it; repeated in turn where there are too few."""
    known = [text, *rephrasings(text, n - 1)]
    return [known[k % len(known)] for k in range(n)]


@lru_cache(maxsize=4096)
def rephrasings(text: str, n: int) -> tuple[str, ...]:
    """Up to n wordings of training, other than the text and each other, of what it means.

    In both languages in turn. They follow from the text alone, so that what is decided by them does
    not depend on when, or beside whom, it is asked. None where the grammar does not read the text,
    or reads it in several ways: then nobody knows what to say.

    Args:
        text: What was said, in whatever wording.
        n: How many are wanted.
    """
    found = readings(text)
    if len(found) != 1:
        return ()
    meaning = next(iter(found))
    rng = np.random.default_rng(zlib.crc32(text.strip().lower().encode()))
    said: dict[str, None] = {}
    for k in range(_TRIES * n):
        if len(said) == n:
            break
        other = say(meaning, language=LANGUAGES[k % len(LANGUAGES)], split="seen", rng=rng).text
        if other != text:
            said[other] = None
    return tuple(said)
