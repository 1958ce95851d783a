"""Arguments of what makes a policy of the user's own, from text to what its signature wants."""

import inspect
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vla_sim.errors import BadConfig, UnknownName

_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def needed(make: Callable[..., object]) -> list[str]:
    """The positional parameters that have no default: who makes a policy is given the task's id."""
    parameters = inspect.signature(make).parameters.values()
    return [p.name for p in parameters if p.kind in _POSITIONAL and p.default is p.empty]


def typed_arguments(
    make: Callable[..., object], args: Sequence[tuple[str, str]], *, what: str
) -> dict[str, Any]:
    """The arguments as the signature of `make` wants them.

    A parameter is of its annotated type, or else of its default's: text, a whole number, a number,
    yes or no, a path, one of some words, or None. With neither it is text.

    Raises:
        UnknownName: If it takes no argument of that name.
        BadConfig: If a text cannot be turned into what is wanted.
    """
    if not args:
        return {}
    parameters = inspect.signature(make).parameters
    taken = {name: p for name, p in parameters.items() if p.kind in _KEYWORD}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    hints = _hints(make)
    given: dict[str, Any] = {}
    for name, text in args:
        if name not in taken and not takes_any:
            raise UnknownName(f"argument of {what}", name, taken)
        default = taken[name].default if name in taken else inspect.Parameter.empty
        hint = hints.get(name)
        if hint is None and default not in (inspect.Parameter.empty, None):
            hint = type(default)
        given[name] = _read(hint or str, text, f"{name}={text} for {what}")
    return given


def _hints(make: Callable[..., object]) -> dict[str, Any]:
    try:
        return get_type_hints(make.__init__ if isinstance(make, type) else make)  # type: ignore[misc]  # of a class
    except Exception as error:  # a name that exists for type checkers alone
        raise BadConfig(f"the types of {make!r} cannot be read: {error}") from error


def _read(hint: Any, text: str, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _first_that_fits(hint, text, where)
    if origin is Literal:
        words = {str(word): word for word in get_args(hint)}
        if text not in words:
            raise BadConfig(f"{where}: use one of {', '.join(words)}")
        return words[text]
    if hint is bool:
        if text.lower() not in _BOOLS:
            raise BadConfig(f"{where}: use true or false")
        return _BOOLS[text.lower()]
    if hint is type(None):
        if text.lower() != "none":
            raise BadConfig(f"{where}: use none")
        return None
    if hint in (str, Any, object):
        return text
    if hint not in (int, float, Path):
        name = getattr(hint, "__name__", str(hint))
        raise BadConfig(
            f"{where}: a {name} cannot be typed on a command line; let {where.rpartition(' ')[2]} "
            "take text, numbers, paths, yes or no, and make the rest itself"
        )
    try:
        return hint(text)
    except ValueError as error:
        raise BadConfig(f"{where}: {text!r} is no {hint.__name__}") from error


def _first_that_fits(hint: Any, text: str, where: str) -> Any:
    # None is one word, and text and paths are any: they are tried first and last.
    kinds = sorted(
        get_args(hint), key=lambda kind: (kind is not type(None), kind in (Path, str), kind is str)
    )
    told = []
    for kind in kinds:
        try:
            return _read(kind, text, where)
        except BadConfig as error:
            told.append(str(error))
    raise BadConfig("; ".join(told))
