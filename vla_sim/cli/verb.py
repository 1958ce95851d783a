"""Verb: one word of the command line, and what it loads when it is said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.console import Console

from vla_sim.errors import UnknownName, VlaSimError

C = TypeVar("C")


@dataclass(frozen=True, kw_only=True)
class Verb(Generic[C]):
    """What `vla-sim <name>` does. Making one imports nothing heavy; saying it does."""

    summary: str
    """One line for the overview."""
    example: str
    """What follows `vla-sim` in the example of the overview."""
    recipes: Callable[[], Mapping[str, Callable[[], C]]]
    """Loads the table of what the first word may name; each entry gives the full settings."""
    run: Callable[[C, Console], int]
    """Does the work; returns the exit status."""
    word: str = "RECIPE"
    """What the first word is called."""
    default: str | None = "default"
    """The entry that is meant where the first word is missing; None where it must be given."""
    resumes: bool = False
    """Whether `--resume` goes on with what an interrupt left."""
    may_change: Callable[[], Sequence[str]] = tuple
    """Loads the names of the settings that a run may go on with otherwise."""
    canonical: Callable[[str], str] = str
    """Turns the other spellings of a first word into the one in the table."""

    def settings(self, word: str | None) -> C:
        """The settings that the first word stands for.

        Raises:
            VlaSimError: If it is missing and there is no default.
            UnknownName: If it is in no table.
        """
        table = self.recipes()
        kind = self.word.lower()
        if word is None:
            word = self.default
            if word is None:
                known = ", ".join(sorted(table))
                raise VlaSimError(f"name a {kind}, one of {known}; for example: {self.example}")
        else:
            word = self.canonical(word)
        if word not in table:
            raise UnknownName(kind, word, table)
        return table[word]()
