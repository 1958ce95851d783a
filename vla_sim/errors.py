"""What can go wrong, named so that a user can act on it.

Everything a user can get wrong is a `ValueError`; what only we can get wrong is an `assert`.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

MOST_LISTED = 12
"""Names in an error; more would hide the one that was meant."""
LISTS: Mapping[str, str] = {
    "task": "tasks",
    "robot": "robots",
    "policy": "policies",
    "renderer": "renderers",
    "axis": "axes",
    "suite": "suites",
    "recipe": "recipes",
}
"""{kind of name: the table of `vla-sim list` that has all of them}."""


class VlaSimError(ValueError):
    """Base of every error that vla-sim raises on purpose."""


E = TypeVar("E", bound=VlaSimError)


def error_of(kind: type[E], text: str) -> E:
    """An error of a kind with a text, whatever its own constructor makes a text of."""
    return kind.__new__(kind, text)


class UnknownName(VlaSimError):
    """A name that is in none of the tables: the nearest names first, and where to see all."""

    def __init__(
        self, kind: str, name: str, known: Iterable[str], *, most: int = MOST_LISTED
    ) -> None:
        names = {k.casefold(): k for k in sorted(known)}
        asked = str(name).casefold()  # from Python anything may be given for a name
        near = [names[n] for n in get_close_matches(asked, names, n=3, cutoff=0.6)]
        meant = f"; did you mean {_either(near)}?" if near else ""
        listed = list(map(repr, names.values()))
        if not listed:
            there_are = "there are none here"
        elif len(listed) <= most:
            there_are = f"there are {', '.join(listed)}"
        else:
            shown = ", ".join(listed[:most])
            there_are = f"there are {shown} and {len(listed) - most} more"
        table = next((t for k, t in LISTS.items() if kind.partition(",")[0] == k), None)
        all_of_them = f" (`vla-sim list {table}` shows them)" if table else ""
        super().__init__(f"no {kind} {name!r}{meant or ';'} {there_are}{all_of_them}")


def _either(names: Sequence[str]) -> str:
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}" if others else last


class RetiredName(UnknownName):
    """A name that another one has replaced."""

    def __init__(self, kind: str, name: str, newer: str) -> None:
        VlaSimError.__init__(self, f"{kind} {name!r} is retired; {newer!r} replaced it")


class UnknownAttribute(UnknownName, AttributeError):
    """An attribute or a method that is not there; `hasattr` reads it as a plain no."""


class BadAction(VlaSimError):
    """An action that is not finite or has the wrong shape."""


class BadMessage(VlaSimError):
    """What came over the wire is no message of the protocol, or not what the contract says."""


class PolicyUnreachable(VlaSimError):
    """The server of a policy is not there, is gone, or does not answer in time."""


class BadRows(VlaSimError):
    """Rows of triples that miss a column, or hold one of the wrong shape, type or value."""


class BadConfig(VlaSimError):
    """Settings that contradict each other or are out of range."""


class LossNotFinite(VlaSimError):
    """A loss or a gradient that is no number; nothing was learnt from the batch that gave it."""


class FlatSignal(VlaSimError):
    """Signals that were to be compared, none of which moves."""


class ResetNeeded(VlaSimError):
    """Something was asked of an environment before its first episode."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"{asked} was called before the first episode: call reset() first")


class NotCopyable(VlaSimError, TypeError):
    """Running physics was to be copied or pickled."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(
            f"{what} holds running physics and can be neither copied nor pickled; {instead}"
        )


class MissingExtra(VlaSimError):
    """Something that comes with an optional extra of this package, which is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} comes with an extra: pip install 'vla-sim[{extra}]'")


class MissingLeRobot(MissingExtra):
    """LeRobot is not installed; it cannot be an extra, since its pins exclude ours."""

    def __init__(self, what: str) -> None:
        VlaSimError.__init__(
            self,
            f"{what} needs LeRobot, whose pins do not fit this package's: install both in an "
            "environment of their own as `make test-lerobot` does, or let LeRobot serve the policy "
            "and name it as ws://host:port",
        )


class DamagedFile(VlaSimError):
    """A file that exists but does not hold what its name promises."""


class RunFolderError(VlaSimError):
    """A run folder that cannot be written, or is half-written, or belongs to another run."""


class FolderInUse(RunFolderError):
    """A folder that another process is writing to."""


class RenderBackendError(VlaSimError):
    """A picture was asked of a backend that cannot draw it here."""


class ProtocolMismatch(VlaSimError):
    """Two results that were measured under different protocols were compared."""


class NotUnderstood(VlaSimError):
    """Words or a tool call that mean nothing here, or more than one thing."""
