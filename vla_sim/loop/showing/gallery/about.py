"""What each task is about, in both languages: the prose of the gallery.

It lies in `prose/`, one file for a task and its variants, named after their class. Numbers are not
in it: they are read from the settings and printed beside it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from vla_sim.errors import DamagedFile, UnknownName
from vla_sim.records.instruction import LANGUAGES, Language

_PROSE = files("vla_sim.loop.showing.gallery") / "prose"


@dataclass(frozen=True, kw_only=True)
class About:
    """One task in prose."""

    wanted: Mapping[Language, str]
    """What is asked for."""
    success: Mapping[Language, str]
    """When it counts as done."""


def described() -> list[str]:
    """The tasks that there is prose for, sorted."""
    return sorted(each.name.removesuffix(".toml") for each in _PROSE.iterdir())


def about(name: str) -> About:
    """The prose of a task.

    Args:
        name: What it and its variants are called together, such as "Reach".

    Raises:
        UnknownName: If there is no prose for it.
        DamagedFile: If the prose misses a part or a language.
    """
    if name not in described():
        raise UnknownName("prose for the task", name, described())
    parts = tomllib.loads((_PROSE / f"{name}.toml").read_text(encoding="utf-8"))
    for part in ("wanted", "success"):
        for language in LANGUAGES:
            if not parts.get(part, {}).get(language):
                raise DamagedFile(f"the gallery's prose {name}.toml has no [{part}] {language}")
    return About(wanted=parts["wanted"], success=parts["success"])
