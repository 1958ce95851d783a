"""Options: typed overrides of a frozen config, read by tyro."""

import contextlib
import difflib
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import tyro

from vla_sim.errors import UnknownName, VlaSimError

C = TypeVar("C")
_MOST_LISTED = 24
"""Options; beyond, a list of all of them would hide the one that was meant."""


def override(settings: C, words: Sequence[str], *, prog: str, description: str) -> C:
    """The settings with what the command line changes; `--help` prints them all and exits.

    Raises:
        VlaSimError: If an option does not exist (the error lists those that do, or the nearest of
            many), if a word belongs to no option, or if the config itself refuses a value.
        SystemExit: After `--help`, and after a value of the wrong type, which tyro explains.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            changed, rest = tyro.cli(
                cast(Any, type(settings)),
                args=list(words),
                default=settings,
                prog=prog,
                description=description,
                return_unknown_args=True,
                # A part that has alternatives is changed by a recipe; options change its numbers.
                config=(tyro.conf.AvoidSubcommands,),
            )
    except SystemExit as stop:
        if (refusal := _refusal(stop)) is not None:
            raise refusal from None
        print(said.getvalue(), end="", file=sys.stderr)
        raise
    if rest:
        wrong = next((word for word in rest if word.startswith("-")), None)
        if wrong is not None:
            raise _unknown_option(wrong.partition("=")[0], list(option_names(settings)))
        raise VlaSimError(
            f"{rest[0]!r} belongs to no option; a name goes right after the verb, and "
            f"`{prog.rpartition(' ')[0]} --help` lists the options"
        )
    return cast(C, changed)


def _unknown_option(name: str, options: list[str]) -> VlaSimError:
    """The error for an option that does not exist: all that do, or the nearest of very many."""
    if not options:
        return VlaSimError(f"no option {name!r}; there are none here")
    if len(options) <= _MOST_LISTED:
        return UnknownName("option", name, options)
    # People remember the last part of a nested name, so that is what counts first.
    ends = {option.rpartition(".")[2].removeprefix("--"): option for option in options}
    end = name.rpartition(".")[2].removeprefix("--")
    near = [ends[close] for close in difflib.get_close_matches(end, ends, n=3, cutoff=0.5)]
    near += difflib.get_close_matches(name, options, n=5, cutoff=0.4)
    listed = ", ".join(map(repr, dict.fromkeys(near))) or "none like it"
    return VlaSimError(f"no option {name!r}; of {len(options)}, the nearest are {listed}")


def _refusal(stop: SystemExit) -> VlaSimError | None:
    """The error of a config's own check, for which tyro ended the program."""
    cause: BaseException | None = stop
    while cause is not None and not isinstance(cause, VlaSimError):
        cause = cause.__cause__ or cause.__context__
    return cause


def option_names(settings: object, prefix: str = "") -> Iterator[str]:
    """The options of a config and of the configs in it, as they are typed."""
    assert is_dataclass(settings)
    for field in fields(settings):
        value = getattr(settings, field.name)
        name = prefix + field.name.replace("_", "-")
        if is_dataclass(value):
            yield from option_names(value, prefix=f"{name}.")
        else:
            yield f"--{name}"
