"""Help: the options of a verb with what they are now, those that matter first."""

import ast
import inspect
import shutil
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from textwrap import dedent, fill
from typing import Any, Literal, Union, get_args, get_origin

from rich.console import Console

from vla_sim.cli.options import Option, options_in
from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb, shortened

_INDENT = "      "
_WIDEST = 100
_NAMES: Mapping[object, str] = {int: "INT", float: "FLOAT", str: "TEXT", Path: "PATH"}


def print_help(
    verb: Verb[Any], settings: object, console: Console, *, head: str, all_of_them: bool
) -> None:
    """What the verb does, and its options: the first ones in the verb's order, or all."""
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    options = list(options_in(settings))
    shown = options if all_of_them else _first(options, verb.first)
    shown = [replace(o, name=shortened(o.name, verb.shorts)) for o in shown]
    tell(console, head)
    tell(console, "\nOptions, with what they are here:")
    for line in _lines(shown, width):
        tell(console, line)
    for line in _choice_lines(verb, settings, width):
        tell(console, line)
    if len(shown) < len(options):
        tell(console, f"\n{len(options) - len(shown)} more options are shown by --help-all.")


def _first(options: Sequence[Option], names: Sequence[str]) -> Sequence[Option]:
    """The options of these names, in their order; all where no names are given."""
    by_name = {option.name.removeprefix("--"): option for option in options}
    return [by_name[name] for name in names if name in by_name] or options


def _lines(options: Sequence[Option], width: int) -> Iterator[str]:
    for option in options:
        kind = _kind(option.hint)
        typed = f"--no-{option.name[2:]}" if kind == "YES" and option.value else option.name
        takes = "" if kind == "YES" else f" {kind}"
        now = "" if kind == "YES" else f"  ({_written(option.value)})"
        yield f"  {typed}{takes}{now}"
        if said := documented(option.owner).get(option.field):
            if typed != option.name:
                said = f"Leave out what is done otherwise: {said[0].lower()}{said[1:]}"
            yield fill(said, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _choice_lines(verb: Verb[Any], settings: object, width: int) -> Iterator[str]:
    for path, configs in verb.choices().items():
        now = settings
        for part in path.replace("-", "_").split("."):
            now = getattr(now, part)
        held = next((name for name, config in configs.items() if config == now), "the recipe's own")
        yield f"  {shortened(f'--{path}', verb.shorts)} {{{','.join(configs)}}}  ({held})"
        said = "Chosen by name; its own options change what was chosen."
        yield fill(said, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _kind(hint: Any) -> str:
    """What an option takes, in capitals; YES for one that takes nothing."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return f"{{{','.join(map(str, inner))}}}"
    if origin in (Union, types.UnionType):
        return "|".join("None" if part is type(None) else _kind(part) for part in inner)
    if origin is tuple:
        if inner[-1] is not Ellipsis:
            return " ".join(map(_kind, inner))
        return f"[{_kind(inner[0])} ...]"
    if inner:  # a mapping
        return f"[{' '.join(map(_kind, inner))} ...]"
    return "YES" if hint is bool else _NAMES.get(hint, "VALUE")


def _written(value: object) -> str:
    if isinstance(value, str | Path):
        return str(value) or "empty"
    if isinstance(value, Mapping):
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, Sequence):
        return " ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


@lru_cache
def documented(owner: type) -> Mapping[str, str]:
    """{field: the string below it} of a config and of those that it is made of."""
    said: dict[str, str] = {}
    for cls in reversed(owner.__mro__[:-1]):
        (body,) = ast.parse(dedent(inspect.getsource(cls))).body
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                said[field.target.id] = " ".join(str(below.value.value).split())
    return said
