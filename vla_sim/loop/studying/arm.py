"""Arm: one way in which a study's trainings differ from its base."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.ranges import above

C = TypeVar("C")


@dataclass(frozen=True, kw_only=True)
class StudyArm:
    """A change of a run, or of how its model is asked to act.

    Attributes:
        section: Where the chapter speaks of it: "5.10".
        en: What is otherwise, in a few words.
        zh: The same in Chinese.
        change: {setting of an AlignRun, with dots: its value}.
        longer: Times the updates of the base, such as what leaving a term out saves in time.
        acting: {setting of `MeasuredConfig`: its value}: the trained model of the base is measured
            in another way, and nothing is trained anew.
    """

    section: str
    en: str
    zh: str
    change: Mapping[str, object] = field(default_factory=dict)
    longer: float = 1.0
    acting: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.section and self.en and self.zh):
            raise BadConfig("an arm has a section, and words in both languages: section, en, zh")
        above(0, longer=self.longer)

    @property
    def told(self) -> str:
        """The settings that it changes, as they are typed."""
        typed = {f"base.{name}": value for name, value in self.change.items()}
        typed |= {f"measured.{name}": value for name, value in self.acting.items()}
        said = [f"--{name.replace('_', '-')} {_said(value)}" for name, value in typed.items()]
        if self.longer != 1.0:
            said.append(f"--base.max-updates x {self.longer:g}")
        return " ".join(said)

    def run(self, base: AlignRun) -> AlignRun:
        """A run as this arm has it.

        Raises:
            UnknownName: If it changes a setting that there is none of.
            BadConfig: If the run refuses a value.
        """
        run = changed(base, self.change)
        return replace(run, max_updates=round(self.longer * run.max_updates))


def changed(config: C, change: Mapping[str, object]) -> C:
    """A config with some of its settings changed.

    Args:
        config: Any tree of configs.
        change: {setting, with dots: its value}; a config may be the value of a whole part.

    Raises:
        UnknownName: If there is no such setting.
        BadConfig: If the config refuses a value.
    """
    for name, value in change.items():
        config = _with(config, name, value, whole=name)
    return config


def _with(config: Any, name: str, value: object, *, whole: str) -> Any:
    first, _, rest = name.partition(".")
    known = [f.name for f in fields(config)] if is_dataclass(config) else []
    if first not in known:
        raise UnknownName(f"setting {whole!r}: nothing called", first, known)
    inner = _with(getattr(config, first), rest, value, whole=whole) if rest else value
    return replace(config, **{first: inner})


def _said(value: object) -> str:
    """A value as it is typed; a part by the name of its class."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__
    if isinstance(value, Mapping):
        return " ".join(f"{name}={held}" for name, held in value.items())
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
