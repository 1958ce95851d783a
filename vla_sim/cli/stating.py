"""Stating: options whose file says what the others are, before anything else that is typed."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from vla_sim.cli.verb import Verb

C = TypeVar("C")


def stated(verb: Verb[C], settings: C, words: Sequence[str], *, is_named: bool) -> C:
    """The settings as the files say that are named among the words.

    Args:
        verb: The verb.
        settings: Of the recipe.
        words: Options and their values.
        is_named: The recipe is named: then all that it sets is meant, and must agree by itself.
    """
    if is_named:
        return settings
    for name, says in verb.files.items():
        if (place := _value(f"--{name}", words)) is not None:
            settings = says(settings, Path(place))
    return settings


def _value(option: str, words: Sequence[str]) -> str | None:
    """What an option is given, the last time that it is named."""
    found = None
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        name, equals, value = word.partition("=")
        if name == option and (equals or after):
            found = value if equals else after
    return found
