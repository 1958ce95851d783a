"""Fingerprints: which settings a measurement was made with, and whether they are still those asked.

A measurement that takes minutes outlives the code that made it. Its fingerprint is of what its
settings say otherwise than what they count as where they are unsaid, so that a setting which came
later leaves it as it is until it is set; `holds` then compares all of them, so that a default
which has moved since makes it stale.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any

from vla_sim.loop.settings import KIND, to_json
from vla_sim.unsaid import unsaid

PLACES: tuple[str, ...] = ("out", "resume", "max_seconds")
"""Settings of a run that say where it lies and how it is cut, not what comes of it."""
DIGITS = 12
_USUAL = object()


def fingerprint(settings: Mapping[str, Any], *, left_out: Collection[str] = PLACES) -> str:
    """Twelve hexadecimal digits that stand for settings.

    Args:
        settings: Configs and plain values by name; a config counts with what it sets otherwise
            than its class.
        left_out: Names of settings that change no result, in any config.
    """
    apart = {name: _apart(value, left_out) for name, value in settings.items()}
    text = json.dumps(apart, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _apart(value: Any, left_out: Collection[str]) -> Any:
    """A value as the fingerprint has it; equal numbers are one text, whole or not."""
    if is_config(value):
        held = {
            field.name: _of_field(value, field, left_out)
            for field in fields(value)
            if field.name not in left_out
        }
        return {name: apart for name, apart in held.items() if apart is not _USUAL}
    if isinstance(value, Mapping):
        return {str(name): _apart(held, left_out) for name, held in value.items()}
    if isinstance(value, tuple | list):
        return [_apart(held, left_out) for held in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if isinstance(value, Path) else value


def _of_field(config: Any, field: "Field[Any]", left_out: Collection[str]) -> Any:
    """A setting, with its class where another is usual; `_USUAL` where it is as if unsaid."""
    value, usual = getattr(config, field.name), unsaid(type(config), field.name)
    if type(value) is type(usual) and value == usual:
        return _USUAL  # most are: looking into both would double the work with every level
    apart = _apart(value, left_out)
    if type(value) is not type(usual) and is_config(value):
        return {KIND: type(value).__qualname__, **apart}
    return _USUAL if apart == _apart(usual, left_out) else apart


def settled(settings: Mapping[str, Any], *, left_out: Collection[str] = PLACES) -> Any:
    """All settings as JSON has them: tuples are lists, paths are text, configs are mappings."""
    return json.loads(json.dumps(_plain(settings, left_out), default=str))


def _plain(value: Any, left_out: Collection[str]) -> Any:
    if is_config(value):
        return _without(to_json(value), left_out)
    if isinstance(value, Mapping):
        return {name: _plain(held, left_out) for name, held in value.items()}
    return value


def _without(tree: Any, left_out: Collection[str]) -> Any:
    """A tree of settings without some of them, wherever they lie."""
    if not isinstance(tree, dict):
        return tree
    return {name: _without(held, left_out) for name, held in tree.items() if name not in left_out}


def holds(held: Any, asked: Any, source: Any) -> bool:
    """Whether settings that something was measured with are those that are asked for.

    A setting that came after the measurement has to be what it counts as where it is unsaid.

    Args:
        held: Of the measurement.
        asked: Of today, see `settled`.
        source: What `asked` was made of.
    """
    if not (isinstance(held, dict) and isinstance(asked, dict)):
        return bool(held == asked)
    if held.keys() - asked.keys():
        return False
    for name, value in asked.items():
        if name in held:
            inner = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if not holds(held[name], value, inner):
                return False
        elif name == KIND or not is_config(source) or not _is_as_if_unsaid(source, name):
            return False
    return True


def _is_as_if_unsaid(config: Any, name: str) -> bool:
    return bool(getattr(config, name) == unsaid(type(config), name))


def is_config(value: object) -> bool:
    """Whether it is a config, and not the class of one."""
    return is_dataclass(value) and not isinstance(value, type)
