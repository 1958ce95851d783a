"""What can go wrong, named so that a user can act on it.

Everything a user can get wrong is a `ValueError`; what only we can get wrong is an `assert`.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VlaSimError(ValueError):
    """Base of every error that vla-sim raises on purpose."""


class UnknownName(VlaSimError):
    """A name that is in none of the tables."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = {k.casefold(): k for k in sorted(known)}
        near = get_close_matches(name.casefold(), names, n=1, cutoff=0.7)
        hint = f" (did you mean {names[near[0]]!r}?)" if near else ""
        listed = ", ".join(map(repr, names.values()))
        super().__init__(f"no {kind} {name!r}; there are {listed}{hint}")


class RetiredName(UnknownName):
    """A name that another one has replaced."""

    def __init__(self, kind: str, name: str, newer: str) -> None:
        VlaSimError.__init__(self, f"{kind} {name!r} is retired; {newer!r} replaced it")


class UnknownAttribute(UnknownName, AttributeError):
    """An attribute or a method that is not there; `hasattr` reads it as a plain no."""


class BadAction(VlaSimError):
    """An action that is not finite or has the wrong shape."""


class BadRows(VlaSimError):
    """Rows of triples that miss a column, or hold one of the wrong shape, type or value."""


class BadConfig(VlaSimError):
    """Settings that contradict each other or are out of range."""


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


class DamagedFile(VlaSimError):
    """A file that exists but does not hold what its name promises."""


class RunFolderError(VlaSimError):
    """A run folder that cannot be written, or is half-written, or belongs to another run."""


class RenderBackendError(VlaSimError):
    """A picture was asked of a backend that cannot draw it here."""


class ProtocolMismatch(VlaSimError):
    """Two results that were measured under different protocols were compared."""


class NotUnderstood(VlaSimError):
    """Words or a tool call that mean nothing here, or more than one thing."""
