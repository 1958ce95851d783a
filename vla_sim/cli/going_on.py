"""Going on: what `--resume` means on the command line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from vla_sim.cli.verb import Verb

C = TypeVar("C")


def going_on(verb: Verb[C], name: str, asked: C, *, is_named: bool, typed: Callable[[C], C]) -> C:
    """The settings to go on with: those that the run in OUT was begun with, and what is typed.

    Whether what differs from them may differ, the verb says.

    Args:
        verb: The verb.
        name: Its name.
        asked: The recipe's settings with what is typed.
        is_named: The recipe is named: then all that it sets is meant, but for what may change.
        typed: Changes settings as the command line does.

    Returns:
        `asked` where there is nothing to go on with.

    Raises:
        RunFolderError: If OUT holds the run of another verb.
        DamagedFile: If its settings cannot be read back.
    """
    # Here, because it is not needed to begin a run.
    from vla_sim.loop.resumption import begun_with

    given: Any = asked
    if not verb.resumes or not given.resume or not (given.out / "run.json").is_file():
        return asked
    begun: Any = begun_with(type(asked), given.out, verb=name)
    settled = typed(replace(begun, out=given.out, resume=True))
    if not is_named:
        return settled
    for setting in verb.may_change():
        given = _with(given, settled, setting)
    changed: C = given
    return changed


def _with(settings: Any, other: Any, name: str) -> Any:
    """The settings with one of them, dots and all, as in the others."""
    first, _, rest = name.partition(".")
    value = getattr(other, first)
    return replace(
        settings, **{first: _with(getattr(settings, first), value, rest) if rest else value}
    )
