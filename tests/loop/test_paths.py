"""Paths in settings may be words, in every verb's."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from vla_sim.cli.verbs import VERBS
from vla_sim.errors import VlaSimError

RUNS = [next(iter(verb.recipes().values()))() for verb in VERBS.values()]
PATHS = [
    pytest.param(run, field.name, id=f"{type(run).__name__}.{field.name}")
    for run in RUNS
    for field in fields(run)
    if Path in (field.type, *get_args(field.type))
]


def made(run: Any, field: str, place: Path | str) -> object:
    """The settings with a path, or why there are none: what lies there is looked at by some."""
    value = [place] if isinstance(getattr(run, field), tuple) else place
    try:
        return replace(run, **{field: value})
    except VlaSimError as error:
        return str(error)


@pytest.mark.parametrize(("run", "field"), PATHS)
def test_a_word_for_a_path_is_the_path(run: Any, field: str, tmp_path: Path) -> None:
    place = tmp_path / "somewhere"
    place.write_text("{}")
    asked = made(run, field, place)
    assert made(run, field, str(place)) == asked
    if not isinstance(asked, str):
        assert getattr(asked, field) in (place, (place,))
