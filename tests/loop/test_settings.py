"""Settings on disk come back as they were, and what differs is named."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vla_sim.align.encoders.hugging_face_text import HuggingFaceTextConfig
from vla_sim.align.encoders.table import ENCODERS
from vla_sim.align.model import ModelConfig
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.loop.settings import from_json, to_json
from vla_sim.recipes.table import recipes_of

HERE = Path("run.json")
RECIPES = [(v, n, r) for v in ("align", "collect", "finetune") for n, r in recipes_of(v).items()]


def round_trip(config: object) -> object:
    return from_json(type(config), json.loads(json.dumps(to_json(config))), source=HERE)


@pytest.mark.parametrize(
    ("verb", "name", "recipe"), RECIPES, ids=lambda x: x if type(x) is str else ""
)
def test_every_recipe_comes_back_from_disk(
    verb: str, name: str, recipe: Callable[[], object]
) -> None:
    assert round_trip(recipe()) == recipe()


@pytest.mark.parametrize("name", ENCODERS)
def test_an_alternative_comes_back_as_what_it_was(name: str) -> None:
    model = ModelConfig(text=ENCODERS[name])
    assert round_trip(model) == model


@dataclass(frozen=True)
class Mine:
    """A class of a user's own where one of ours is expected."""

    n_words: int = 3
    weights: Mapping[str, float] | None = None


@dataclass(frozen=True)
class _Holder:
    part: HuggingFaceTextConfig | int | None = None
    table: Mapping[str, tuple[int, ...]] | None = None
    place: Path | None = None
    pair: tuple[int, str] = (1, "a")


@pytest.mark.parametrize(
    "config",
    [
        _Holder(),
        _Holder(part=3, place=Path("a/b"), pair=(2, "b")),
        _Holder(part=HuggingFaceTextConfig(name="x"), table={"a": (1, 2), "b": ()}),
        _Holder(part=Mine(n_words=4)),  # type: ignore[arg-type]
    ],
)
def test_all_that_a_field_can_be_comes_back(config: _Holder) -> None:
    assert round_trip(config) == config


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"n_slots": "many"}, DamagedFile, r"run\.json: n_slots is 'many', no int"),
        ({"n_slots": True}, DamagedFile, "n_slots is True"),
        ({"n_slots": 0}, BadConfig, "n_slots is 0"),
        ({"colour": 1}, DamagedFile, "colour = 1 is no setting here.*another version.*run card"),
        ({"crank": 3}, DamagedFile, "crank is 3"),
        ({"tasks": "Reach"}, DamagedFile, "tasks is 'Reach', no list"),
        ({"tasks": [1]}, DamagedFile, r"tasks\.0 is 1, no str"),
    ],
)
def test_what_is_no_setting_is_named_with_its_place(
    change: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        from_json(CollectRun, to_json(CollectRun()) | change, source=HERE)


@dataclass(frozen=True)
class _Later:
    """What a `_Before` became: its part has alternatives, and there is more to set."""

    seed: int
    part: HuggingFaceTextConfig | Mine = field(default_factory=Mine)
    late: float = 0.5
    late_part: Mine = field(default_factory=lambda: Mine(n_words=7))


def test_what_a_file_does_not_know_is_as_it_was_before_there_was_one() -> None:
    part = {"n_words": 4}
    said = {"seed": 1, "part": part}
    assert from_json(_Later, said, source=HERE) == _Later(seed=1, part=Mine(n_words=4))
    said = {"seed": 1, "late_part": part}
    assert from_json(_Later, said, source=HERE) == _Later(seed=1, late_part=Mine(n_words=4))
    with pytest.raises(DamagedFile, match="seed is missing"):
        from_json(_Later, {}, source=HERE)
