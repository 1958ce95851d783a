"""Options: typed overrides of a frozen config, read by tyro."""

import contextlib
import difflib
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import tyro

from vla_sim.cli.verb import Choices, Shorts, shortened
from vla_sim.errors import BadConfig, UnknownName, VlaSimError

C = TypeVar("C")
_MOST_LISTED = 24
"""Options; beyond, a list of all of them would hide the one that was meant."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting as it is typed.

    Attributes:
        name: With its dashes and the parts that it lies in: "--crank.image-size".
        owner: The class of the config that holds it.
        field: What it is called there.
        hint: Its type.
        value: What it is now.
    """

    name: str
    owner: type
    field: str
    hint: Any
    value: object


def override(
    settings: C,
    words: Sequence[str],
    *,
    prog: str,
    choices: Choices | None = None,
    shorts: Shorts | None = None,
) -> C:
    """The settings with what the command line changes.

    Args:
        settings: What the words change.
        words: Options and their values.
        prog: What stands before them, for the errors.
        choices: Parts that are chosen by name; the other options then change what was chosen.
        shorts: Short names of options, beside the long ones.

    Raises:
        VlaSimError: If an option does not exist (the error lists those that do, or the nearest of
            many), if a word belongs to no option, if one part is chosen twice, or if the config
            itself refuses a value.
        SystemExit: After a value of the wrong type, which tyro explains.
    """
    choices, shorts = choices or {}, shorts or {}
    settings, words = _choose(settings, [_in_full(word, shorts) for word in words], choices, shorts)
    words = _in_pairs(words, settings)
    _check_places(words, settings)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            changed, rest = tyro.cli(
                cast(Any, type(settings)),
                args=list(words),
                default=settings,
                prog=prog,
                return_unknown_args=True,
                # A part that has alternatives is chosen by name; options change its numbers.
                config=(tyro.conf.AvoidSubcommands,),
            )
    except SystemExit as stop:
        if (refusal := _refusal(stop)) is not None:
            raise refusal from None
        # It knows of one word for the program, and help is asked for without a recipe.
        there, shown = f"{prog} --help", f"{prog.rpartition(' ')[0]} --help"
        print(said.getvalue().replace(there, shown.ljust(len(there))), end="", file=sys.stderr)
        raise
    if rest:
        wrong = next((word for word in rest if word.startswith("-")), None)
        if wrong is not None:
            known = [*option_names(settings), *(f"--{path}" for path in choices)]
            short = [shortened(name, shorts) for name in known]
            raise _unknown_option(shortened(wrong.partition("=")[0], shorts), short)
        raise VlaSimError(
            f"{rest[0]!r} belongs to no option; a name goes right after the verb, and "
            f"`{prog.rpartition(' ')[0]} --help` lists the options"
        )
    return cast(C, changed)


def _in_full(word: str, shorts: Shorts) -> str:
    """A word with the whole name of its option."""
    option, equals, value = word.partition("=")
    head, dot, rest = option.removeprefix("--").partition(".")
    path = shorts.get(head.replace("_", "-")) if option.startswith("--") else None
    return word if path is None else f"--{path}{dot}{rest}{equals}{value}"


def _in_pairs(words: Sequence[str], settings: object) -> list[str]:
    """Words in which `name=number` is two, where an option takes pairs of them."""
    paired = {o.name: o.hint for o in options_in(settings) if get_origin(o.hint) is Mapping}
    left: list[str] = []
    takes_pairs = of_text = False
    for word in words:
        option, equals, value = word.partition("=")
        if option.startswith("--"):
            hint = paired.get(option.replace("_", "-"))
            takes_pairs, of_text = hint is not None, get_args(hint)[1:] == (str,)
            if takes_pairs and equals:
                left.append(option)
                word = value
        # Names may be places, "path.py:name", and numbers never are; texts may hold anything.
        name, equals, value = word.partition("=") if of_text else word.rpartition("=")
        is_pair = takes_pairs and not word.startswith("--") and bool(equals)
        is_pair = is_pair and (of_text or ":" not in value)
        left += [name, value] if is_pair else [word]
    return left


def _check_places(words: Sequence[str], settings: object) -> None:
    """Refuse an empty word for a path, such as `--out "$OUT"` where OUT is not set."""
    places = {o.name for o in options_in(settings) if Path in (o.hint, *get_args(o.hint))}
    takes_path = False
    for word in words:
        option, equals, value = word.partition("=")
        if option.startswith("--"):
            takes_path = option.replace("_", "-") in places
            word = value if equals else option
        if takes_path and not word:
            raise BadConfig(
                "a path is empty, as a variable of the shell that is not set; name a place ('.' is "
                "the folder that you are in)"
            )


def _choose(
    settings: C, words: Sequence[str], choices: Choices, shorts: Shorts
) -> tuple[C, list[str]]:
    """The settings with the parts that were chosen by name, and the words that are left."""
    left: list[str] = []
    chosen: dict[str, str] = {}
    given = iter(words)
    for word in given:
        option, equals, name = word.partition("=")
        path = option.removeprefix("--").replace("_", "-")
        if not option.startswith("--") or path not in choices:
            left.append(word)
            continue
        name = name if equals else next(given, "")
        if name not in choices[path]:
            raise UnknownName(f"choice for {shortened(option, shorts)}", name, choices[path])
        if chosen.setdefault(path, name) != name:
            both = f"{chosen[path]!r} and {name!r}"
            raise BadConfig(f"{shortened(option, shorts)} is {both}: it takes one; leave one out")
        settings = _with(settings, path.replace("-", "_").split("."), choices[path][name])
    return settings, left


def _with(settings: C, path: Sequence[str], part: object) -> C:
    """The settings with another config in one place."""
    head, *rest = path
    value = _with(getattr(settings, head), rest, part) if rest else part
    return cast(C, replace(cast(Any, settings), **{head: value}))


def _unknown_option(name: str, options: list[str]) -> VlaSimError:
    """The error for an option that does not exist: all that do, or the nearest of very many."""
    if not options:
        return VlaSimError(f"no option {name!r}; there are none here")
    if len(options) <= _MOST_LISTED:
        return UnknownName("option", name, options, most=_MOST_LISTED)
    # People remember the last part of a nested name, so that is what counts first.
    ends = {option.rpartition(".")[2].removeprefix("--"): option for option in options}
    end = name.rpartition(".")[2].removeprefix("--")
    near = [ends[close] for close in difflib.get_close_matches(end, ends, n=3, cutoff=0.5)]
    near += difflib.get_close_matches(name, options, n=5, cutoff=0.4)
    listed = ", ".join(map(repr, dict.fromkeys(near))) or "none like it"
    return VlaSimError(
        f"no option {name!r}; of {len(options)}, the nearest are {listed} "
        "(--help-all shows all of them)"
    )


def _refusal(stop: SystemExit) -> VlaSimError | None:
    """The error of a config's own check, for which tyro ended the program."""
    cause: BaseException | None = stop
    while cause is not None and not isinstance(cause, VlaSimError):
        cause = cause.__cause__ or cause.__context__
    return cause


def options_in(settings: object, prefix: str = "") -> Iterator[Option]:
    """The options of a config and of the configs in it."""
    assert is_dataclass(settings)
    owner = cast(type, type(settings))
    hints = get_type_hints(owner)
    for field in fields(settings):
        value = getattr(settings, field.name)
        name = prefix + field.name.replace("_", "-")
        if is_dataclass(value):
            yield from options_in(value, prefix=f"{name}.")
        else:
            hint = hints[field.name]
            yield Option(name=f"--{name}", owner=owner, field=field.name, hint=hint, value=value)


def option_names(settings: object) -> list[str]:
    """The options of a config and of the configs in it, as they are typed."""
    return [option.name for option in options_in(settings)]
