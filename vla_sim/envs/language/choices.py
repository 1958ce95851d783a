"""Choices: all the ways to put a phrase together, counted and drawn without listing them.

A phrase with two anchors has thousands of wordings; a meaning keeps their parts only.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from string import Formatter


@dataclass(frozen=True)
class Choices:
    """Texts, each one of the `ways`, with one of its words for every part."""

    ways: "tuple[tuple[tuple[str, ...] | Choices, ...], ...]"

    @cached_property
    def _counts(self) -> tuple[int, ...]:
        return tuple(math.prod(map(len, way)) for way in self.ways)

    @cached_property
    def _n(self) -> int:
        return sum(self._counts)

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: int) -> str:
        for way, count in zip(self.ways, self._counts, strict=True):
            if index < count:
                words = []
                for part in way:
                    index, digit = divmod(index, len(part))
                    words.append(part[digit])
                return "".join(words)
            index -= count
        raise IndexError("fewer choices than that")

    def __iter__(self) -> Iterator[str]:
        return (self[k] for k in range(len(self)))


def filled(pattern: str, **parts: "tuple[str, ...] | Choices") -> "Choices":
    """A format string with choices for its fields."""
    way: list[tuple[str, ...] | Choices] = []
    for literal, field, _, _ in Formatter().parse(pattern):
        if literal:
            way.append((literal,))
        if field is not None:
            way.append(parts[field])
    return Choices((tuple(way),))


def either(*choices: "Choices") -> "Choices":
    """All of them together."""
    return Choices(tuple(way for choice in choices for way in choice.ways))
