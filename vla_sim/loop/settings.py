"""Settings on disk: a tree of configs as JSON and back.

A config is a frozen dataclass of numbers, words, paths, tuples, mappings and other configs. Where a
field has alternatives (one of several classes), JSON holds the name of the class beside its
settings; of a user's own class, the place as well ("module:name").
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vla_sim.errors import DamagedFile
from vla_sim.foreign import is_foreign, load_foreign
from vla_sim.unsaid import completed, unsaid

C = TypeVar("C")
KIND = "kind"
"""The key that tells which of several classes a field's settings are of."""


def to_json(config: object) -> dict[str, Any]:
    """A config as JSON can hold it; `from_json` gives an equal one back."""
    assert is_dataclass(config) and not isinstance(config, type)
    hints = get_type_hints(type(config))
    return {f.name: _plain(getattr(config, f.name), hints[f.name]) for f in fields(config)}


def _plain(value: Any, hint: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        kind = {KIND: _kind(type(value), hint)} if _classes(hint) else {}
        return kind | to_json(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        items = _arm(hint, tuple)
        return [_plain(item, _item_hint(items, k)) for k, item in enumerate(value)]
    if isinstance(value, Mapping):
        item_hint = get_args(_arm(hint, Mapping))[1]
        return {key: _plain(item, item_hint) for key, item in value.items()}
    assert value is None or isinstance(value, bool | int | float | str), type(value)
    return value


def from_json(cls: type[C], values: object, *, source: Path) -> C:
    """The config that `to_json` was given.

    A setting that came after the file counts as what was done before it, see `unsaid`.

    Args:
        cls: Its class.
        values: What JSON holds.
        source: The file that it was read from, for the errors.

    Raises:
        DamagedFile: If a setting is unknown, of another type, or missing where nothing stands for
            it: the file is damaged, or was written by a vla-sim with other settings.
        BadConfig: If the config itself refuses a value.
    """
    config = _read(cls, values, _Place(source, ""))
    assert isinstance(config, cls)
    return config


@dataclass(frozen=True)
class _Place:
    """Where in which file."""

    source: Path
    name: str

    def at(self, name: str) -> "_Place":
        return _Place(self.source, f"{self.name}.{name}" if self.name else name)

    def refuse(self, what: str) -> DamagedFile:
        return DamagedFile(
            f"{self.source}: {self.name or 'the settings'} {what}; the file is damaged, or another "
            "version of vla-sim wrote it: begin another run, or go on with that version, which "
            "the run card beside the settings names"
        )


def _read(hint: Any, value: object, place: _Place) -> object:
    """The value that JSON holds for a field of type `hint`."""
    if get_origin(hint) in (Union, types.UnionType):
        return _read_one_of(hint, value, place)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise place.refuse(f"is {value!r}, none of {', '.join(map(repr, get_args(hint)))}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise place.refuse(f"is {value!r}, no list")
        return tuple(
            _read(_item_hint(hint, k), item, place.at(str(k))) for k, item in enumerate(value)
        )
    if get_origin(hint) is Mapping:
        if not isinstance(value, dict):
            raise place.refuse(f"is {value!r}, no mapping")
        return {k: _read(get_args(hint)[1], item, place.at(k)) for k, item in value.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _read_config(hint, value, place)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise place.refuse(f"is {value!r}, no {getattr(hint, '__name__', hint)}")
    return value


def _read_one_of(hint: Any, value: object, place: _Place) -> object:
    if value is None and type(None) in get_args(hint):
        return None
    if isinstance(value, dict) and _classes(hint):
        rest = dict(value)
        kind = str(rest.pop(KIND, "none"))
        classes = {cls.__name__: cls for cls in _classes(hint)}
        if kind not in classes and not is_foreign(kind):
            raise place.refuse(f"has the {KIND} {kind!r}, none of {', '.join(classes)}")
        cls = classes[kind] if kind in classes else load_foreign(kind, "class of settings")
        return _read_config(cls, rest, place)
    if isinstance(value, list):
        return _read(_arm(hint, tuple), value, place)
    if isinstance(value, dict):
        return _read(_arm(hint, Mapping), value, place)
    others = [arg for arg in get_args(hint) if arg is not type(None)]
    return _read(type(value) if type(value) in others else others[0], value, place)


def _read_config(cls: Any, values: object, place: _Place) -> object:
    if not isinstance(values, dict):
        raise place.refuse(f"is {values!r}, no group of settings")
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    if strangers := sorted(values.keys() - set(names)):
        raise place.at(strangers[0]).refuse(f"= {values[strangers[0]]!r} is no setting here")
    said = {
        name: _read(hints[name], _of_one_class(cls, name, hints[name], value), place.at(name))
        for name, value in values.items()
    }
    settings = completed(cls, said)
    if missing := [name for name in names if name not in settings]:
        raise place.at(missing[0]).refuse("is missing")
    return cls(**settings)


def _of_one_class(cls: type, name: str, hint: Any, value: object) -> object:
    """What a field holds; a group that was written before it had alternatives gets its class."""
    if not isinstance(value, dict) or KIND in value or not _classes(hint):
        return value
    usual = type(unsaid(cls, name))
    return {KIND: _kind(usual, hint), **value} if is_dataclass(usual) else value


def _classes(hint: Any) -> tuple[type, ...]:
    """The configs among a field's alternatives; none where the field is of one class."""
    return tuple(arg for arg in get_args(hint) if isinstance(arg, type) and is_dataclass(arg))


def _kind(cls: type, hint: Any) -> str:
    known = cls in _classes(hint)
    return cls.__name__ if known else f"{cls.__module__}:{cls.__qualname__}"


def _arm(hint: Any, origin: type) -> Any:
    """The arm of a field's alternatives that is a tuple or a mapping; where none is, its first."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    arms = [arm for arm in get_args(hint) if get_origin(arm) is origin]
    return arms[0] if arms else get_args(hint)[0]


def _item_hint(hint: Any, k: int) -> Any:
    args = get_args(hint)
    return args[0] if len(args) == 2 and args[1] is Ellipsis else args[k]
