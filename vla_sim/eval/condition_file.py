"""A condition set as JSON: an episode a line, without loss."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vla_sim.disk import atomic
from vla_sim.envs.axes import asked_shift
from vla_sim.envs.chain import MAX_INSTRUCTIONS
from vla_sim.envs.language.arms import ARMS
from vla_sim.envs.language.grammar import SPLITS
from vla_sim.envs.tasks import settings_of
from vla_sim.errors import BadConfig, DamagedFile, UnknownName, VlaSimError, error_of
from vla_sim.eval.condition import Condition, digest_of
from vla_sim.ranges import whole
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.instruction import LANGUAGES
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import N_GOALS

FORMAT = "vla-sim conditions 1"
MOST_CONDITIONS = 90_000
"""As many as a benchmark has of a task."""
_EXAMPLE = Condition(spec=EpisodeSpec(task_id="", seed=0, goal=0), instruction="").plain
"""Every field of an episode, with a value of its type."""


def to_json(conditions: Sequence[Condition]) -> str:
    """The set as JSON text, with its digest; `from_json` gives the same back."""
    lines = [json.dumps(condition.plain, ensure_ascii=False) for condition in conditions]
    head = f' "format": "{FORMAT}",\n "digest": "{digest_of(conditions)}",\n "episodes": [\n  '
    return "{\n" + head + ",\n  ".join(lines) + "\n ]\n}\n"


def is_conditions(path: Path) -> bool:
    """Whether a file says that it is a condition set."""
    return atomic.says(path, FORMAT)


def read_conditions(path: Path) -> tuple[Condition, ...]:
    """The set in a file.

    A file that somebody wrote himself may leave the digest out; where it stands, it must be that of
    the episodes.

    Raises:
        DamagedFile: If there is none, it is no set, a field is missing, unknown or of another type,
            an episode is there twice, or one was edited under an old digest.
        UnknownName: If there is no such task, arm, axis, manner, language or split.
        BadConfig: If a number is out of range.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedFile(
            f"there is no file {str(path)!r}; `vla-sim protocol conditions` writes one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{path} cannot be read: {error}") from error
    except VlaSimError as error:
        raise error_of(type(error), f"{path}: {error}") from error


def from_json(text: str) -> tuple[Condition, ...]:
    """The set that `to_json` wrote, or somebody himself; see `read_conditions`."""
    try:
        read: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise DamagedFile(f"this is no JSON: {error}") from error
    said = read.get("format") if isinstance(read, Mapping) else None
    if said != FORMAT:
        raise DamagedFile(f"this file says {said!r}, not {FORMAT!r}")
    if strangers := sorted(read.keys() - {"format", "digest", "episodes"}):
        raise DamagedFile(f"a condition set has no field {strangers[0]!r}")
    episodes = read.get("episodes")
    if not isinstance(episodes, list) or not 1 <= len(episodes) <= MOST_CONDITIONS:
        raise DamagedFile("episodes is no list of one or more episodes")
    conditions = tuple(_at(place, values) for place, values in enumerate(episodes))
    _require_once(conditions)
    digest = digest_of(conditions)
    if read.get("digest", digest) != digest:
        raise DamagedFile(
            f"this condition set was edited: it says that its digest is {read['digest']}, and its "
            f"episodes give {digest}; without the line it is a set of your own"
        )
    return conditions


def _at(place: int, values: object) -> Condition:
    """The episode at a place of a list, whose errors name the place."""
    try:
        return _condition(values)
    except VlaSimError as error:
        raise error_of(type(error), f"episode {place}: {error}") from error


def _condition(values: object) -> Condition:
    if not isinstance(values, Mapping):
        raise DamagedFile(f"{values!r} is no episode")
    if strangers := sorted(values.keys() - _EXAMPLE.keys()):
        raise DamagedFile(f"an episode has no field {strangers[0]!r}")
    for name, example in _EXAMPLE.items():
        if name not in values:
            raise DamagedFile(f"{name} is missing")
        if type(values[name]) is not type(example):
            raise DamagedFile(f"{name} is {values[name]!r}, no {type(example).__name__}")
    settings_of(values["task"])
    for kind, known in (
        ("arm", ARMS),
        ("manner", MANNERS),
        ("language", LANGUAGES),
        ("split", SPLITS),
    ):
        if values[kind] not in known:
            raise UnknownName(kind, values[kind], known)
    whole(0, N_GOALS - 1, goal=values["goal"])
    whole(1, MAX_INSTRUCTIONS, n_instructions=values["n_instructions"])
    asked_shift(values["axis"], values["severity"])
    rest = {name: value for name, value in values.items() if name not in ("task", "instruction")}
    return Condition(
        spec=EpisodeSpec(task_id=values["task"], **rest), instruction=values["instruction"]
    )


def _require_once(conditions: Sequence[Condition]) -> None:
    """See that nothing is run twice; the wording's split alone does not make two of one."""
    places: dict[tuple[object, ...], int] = {}
    for place, condition in enumerate(conditions):
        spec = asdict(condition.spec)
        del spec["split"]
        first = places.setdefault(tuple(spec.values()), place)
        if first != place:
            raise BadConfig(f"episode {place} is episode {first} again")
