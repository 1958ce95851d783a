"""Translation: a page holds every text in both languages, and shows one of them.

Texts are looked up as they stand in English; one with numbers in it is found by its pattern, whose
parts in braces are taken over, translated in turn where the table has them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from markupsafe import Markup

from vla_sim.eval.report.chinese import CHINESE

_PLACE = re.compile(r"\\\{(\w+)\\\}")
_NUMBERS, _NUMBER = "mnpxyz", r"[-−+\d.,e %]+?"
"""Parts of these names are numbers and nothing else."""
_SPACE = re.compile(r"\s+")


def chinese_of(english: str) -> str | None:
    """The same in Chinese; None where the table has nothing for it (a name, a number)."""
    text = _SPACE.sub(" ", english).strip()
    if text in CHINESE:
        return CHINESE[text]
    sentences = re.split(r"(?<=[.]) (?=[A-Z])", text)
    if len(sentences) > 1:
        parts_said = [chinese_of(sentence) for sentence in sentences]
        if all(part is not None for part in parts_said):
            return "".join(part or "" for part in parts_said)
    for pattern, translated in _patterns():
        if found := pattern.fullmatch(text):
            parts = {name: _taken_over(said) for name, said in found.groupdict().items()}
            return translated.format(**parts)
    return None


def _taken_over(said: str) -> str:
    """A part of a text: translated, or each of a list, as far as the table has them."""
    if chinese := chinese_of(said):
        return chinese
    names = said.split(", ")
    listed = [chinese_of(name) for name in names]
    if not any(listed):
        return said
    return "、".join(chinese or name for name, chinese in zip(names, listed, strict=True))


def both(english: object) -> Markup:
    """A text for a page, escaped: in both languages, or once where it is the same in both."""
    text = str(english)
    chinese = chinese_of(text)
    if chinese is None:
        return Markup("{}").format(english)
    return Markup('<span class="en">{}</span><span class="zh" lang="zh-Hans">{}</span>').format(
        text, chinese
    )


def spoken_in(tree: Any) -> dict[str, str]:
    """{English: Chinese} of all texts in a tree of JSON, for what a script writes."""
    said = ((text, chinese_of(text)) for text in _texts(tree))
    return {text: chinese for text, chinese in said if chinese is not None}


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree.removeprefix("<b>").removesuffix("</b>")
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _texts(value)


def _group(place: re.Match[str]) -> str:
    """What a part in braces may be."""
    name = place.group(1)
    return f"(?P<{name}>{_NUMBER if name in _NUMBERS else '.+?'})"


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Texts with parts in braces, those that say most of their own first."""
    with_parts = [(english, chinese) for english, chinese in CHINESE.items() if "{" in english]
    with_parts.sort(key=lambda pair: -len(re.sub(r"\{\w+\}", "", pair[0])))
    return tuple(
        (re.compile(_PLACE.sub(_group, re.escape(english))), chinese)
        for english, chinese in with_parts
    )
