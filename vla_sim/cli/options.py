"""Options: typed overrides of a frozen config, read by tyro."""

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import tyro

from vla_sim.errors import UnknownName, VlaSimError

C = TypeVar("C")


def override(settings: C, words: Sequence[str], *, prog: str, description: str) -> C:
    """The settings with what the command line changes; `--help` prints them all and exits.

    Raises:
        UnknownName: If an option does not exist; the error lists those that do.
        VlaSimError: If a word belongs to no option, or the config itself refuses a value.
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
            )
    except SystemExit as stop:
        if (refusal := _refusal(stop)) is not None:
            raise refusal from None
        print(said.getvalue(), end="", file=sys.stderr)
        raise
    if rest:
        options = list(option_names(settings)) or ["none"]
        wrong = next((word for word in rest if word.startswith("-")), None)
        if wrong is not None:
            raise UnknownName("option", wrong.partition("=")[0], options)
        raise VlaSimError(
            f"{rest[0]!r} belongs to no option; a name goes right after the verb, and the options "
            f"are {', '.join(options)}"
        )
    return cast(C, changed)


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
