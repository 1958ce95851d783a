"""Verb: one word of the command line, and what it loads when it is said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console

from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.foreign import is_foreign, load_foreign

C = TypeVar("C")

Shorts = Mapping[str, str]
"""{what an option, or a group of them, may begin with after "--": its whole name}."""
Choices = Mapping[str, Mapping[str, object]]
"""{option, as it is typed after "--": {name: the config that it stands for}}."""


def shortened(name: str, shorts: Shorts) -> str:
    """An option by its short name, where it or the group that it lies in has one."""
    for short, path in shorts.items():
        if f"{name}.".startswith(f"--{path}."):
            return f"--{short}{name[len(path) + 2 :]}"
    return name


def _is_task(name: str) -> bool:
    """Whether a task goes by this name."""
    from vla_sim.envs.task_names import task_id_of

    try:
        return bool(task_id_of(name))
    except UnknownName:
        return False


def no_choices() -> Choices:
    """A verb none of whose parts has alternatives."""
    return {}


def alone(word: str) -> Sequence[str]:
    """A first word that stands for itself."""
    return (word,)


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
    words: str = ""
    """The setting that all words right after the verb go to, where it takes several; then none of
    them is an entry of the table."""
    resumes: bool = False
    """Whether `--resume` goes on with what an interrupt left."""
    resumes_in: str = ""
    """The option without which nothing is left to go on with; empty where it has a default."""
    may_change: Callable[[], Sequence[str]] = tuple
    """Loads the names of the settings that a run may go on with otherwise."""
    canonical: Callable[[str], str] = str
    """Turns the other spellings of a first word into the one in the table."""
    files: Mapping[str, Callable[[C, Path], C]] = field(default_factory=dict)
    """{option: makes the settings what the file that it names says}; what is typed comes after."""
    own: Callable[[str], C] | None = None
    """The settings for a first word that says where something of the user's own lies, which is a
    recipe unless this says what else."""
    owns: Callable[[str], bool] = is_foreign
    """Which first words `own` takes."""
    takes: str = ""
    """What the first word is, where it is never chosen from a table."""
    several: Callable[[str], Sequence[str]] = alone
    """What a first word that names many stands for, one run each."""
    first: tuple[str, ...] = ()
    """Options that `--help` shows, in this order, as they are typed without dashes; all where none
    is named."""
    choices: Callable[[], Choices] = no_choices
    """Loads the parts of the settings that have alternatives by name."""
    shorts: Shorts = field(default_factory=dict)
    """Short names of options that lie deep."""

    def split(self, words: Sequence[str]) -> tuple[str | None, list[str]]:
        """The first word, if there is one, and the options; words of `words` are options too."""
        n = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
        if self.words and n:
            return None, [f"--{self.words}", *words]
        return (words[0], list(words[1:])) if n else (None, list(words))

    def settings(self, word: str | None) -> C:
        """The settings that the first word stands for.

        Raises:
            VlaSimError: If it is missing and there is no default, or a task in a recipe's place.
            UnknownName: If it is in no table.
            BadConfig: If it is a recipe of the user's own that gives something else.
        """
        table = self.recipes()
        kind = self.word.lower()
        if word is None:
            word = self.default
            if word is None:
                raise VlaSimError(
                    f"name a {kind} (`vla-sim list {kind}s` shows them); for example: "
                    f"vla-sim {self.example}"
                )
        elif self.own is not None and self.owns(word):
            return self.own(word)
        elif self.word == "RECIPE" and is_foreign(word):
            return self._own(word, type(next(iter(table.values()))()))
        else:
            word = self.canonical(word)
        if word not in table:
            if self.word == "RECIPE" and "tasks" in self.first and _is_task(word):
                raise VlaSimError(
                    f"{word!r} is a task, and no recipe; tasks go to an option: --tasks {word}"
                )
            raise UnknownName(kind, word, table)
        return table[word]()

    def _own(self, word: str, wanted: type[C]) -> C:
        """Settings from a recipe of the user's own: a function that returns them, or they."""
        found = load_foreign(word, "recipe")
        made = found() if callable(found) else found
        if not isinstance(made, wanted):
            raise BadConfig(
                f"the recipe {word!r} gives {type(made).__name__}; `vla-sim "
                f"{self.example.partition(' ')[0]}` takes {wanted.__module__}.{wanted.__name__}"
            )
        return made
