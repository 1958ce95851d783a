"""Ranges of settings: what a config asks of its numbers, by name, when it is made.

Each check takes the settings as keywords, passes over None, looks at every number of a tuple, and
raises `BadConfig` with the setting's name, its value and what it may be. NaN is in no range.
"""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

from vla_sim.errors import BadConfig

Setting = float | Sequence[float] | None
MAX_SEED = 2**31 - 1
"""The largest seed of a run: torch, numpy and blocks of a million scenes each hold it."""
MAX_EPISODE_SEED = 2**63 - 1
"""The largest seed of one episode: int64 holds it."""


def whole(least: int, most: int | None = None, **settings: Setting) -> None:
    """Whole numbers, `least` to `most`, both included."""

    def fits(value: float) -> bool:
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        return is_whole and least <= value and (most is None or value <= most)

    _check(settings, fits, f"a whole number, {_bounds(least, most)}")


def at_least(least: float, **settings: Setting) -> None:
    """Numbers from `least` on."""
    _check(settings, lambda value: value >= least, f"{least:g} or more")


def above(bound: float, **settings: Setting) -> None:
    """Numbers above `bound`, which is left out."""
    _check(settings, lambda value: value > bound, f"more than {bound:g}")


def within(low: float, high: float, **settings: Setting) -> None:
    """Numbers from `low` to `high`, both included."""
    _check(settings, lambda value: low <= value <= high, f"{low:g} to {high:g}")


def some(**settings: Sequence[object]) -> None:
    """Sequences that hold something."""
    for name, value in settings.items():
        if not value:
            raise BadConfig(f"{name} is empty; name one or more")


def _bounds(least: int, most: int | None) -> str:
    return f"{least} or more" if most is None else f"{least} to {most}"


def as_by_default(group: str, config: Any, names: Collection[str], why: str) -> None:
    """Settings that say more of what is not asked for: they would do nothing.

    Args:
        group: What the config is called on the command line.
        config: A dataclass, whose `names` have to be as by default.
        names: Of its settings.
        why: Ends the sentence "GROUP.NAME is VALUE".

    Raises:
        BadConfig: If one is not.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name in names and value != field.default:
            raise BadConfig(f"{group}.{field.name} is {value}{why}")


def _check(settings: dict[str, Setting], fits: Callable[[float], bool], allowed: str) -> None:
    for name, value in settings.items():
        for number in _numbers(value):
            is_number = isinstance(number, Real) and math.isfinite(number)
            if not is_number or not fits(number):
                raise BadConfig(f"{name} is {_told(value)}; use {allowed}")


def _numbers(value: object) -> Iterator[Any]:
    """What should be numbers: from Python, anything may be given for one."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from value
    elif value is not None:
        yield value


def _told(value: Setting) -> str:
    """A value as it is; a text, which is no number, in quotes."""
    return repr(value) if isinstance(value, str) else str(value)
