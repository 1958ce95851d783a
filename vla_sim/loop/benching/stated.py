"""Stated: what a file decides about a benchmark; whatever is set beside it must agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from vla_sim.disk.written import when_written
from vla_sim.envs.suites import tasks_of
from vla_sim.errors import BadConfig, VlaSimError, error_of
from vla_sim.eval.condition import Condition
from vla_sim.loop.benching.conditions import (
    conditions_in,
    require_chains,
    require_words,
    tasks_in,
)
from vla_sim.loop.benching.frozen import Frozen, read_frozen
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.records.instruction import LANGUAGES

R = TypeVar("R")
Settings = Mapping[str, Any]
"""{name of a setting of a benchmark, with a dot for one of its crank: value}."""
_CRANK = "crank."
_MOST_SAID = 4
"""Names of a list in an error."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a file decides.

    Attributes:
        source: The file.
        whole: Settings of a benchmark that runs all of it.
        parts: Settings of runs under one protocol each; one that equals `whole` if there is one.
        frozen: The protocol that it holds; None for a condition set.
        conditions: The condition set that it holds; empty for a protocol.
    """

    source: Path
    whole: Settings
    parts: tuple[Settings, ...]
    frozen: Frozen | None = None
    conditions: tuple[Condition, ...] = ()

    def applied(self, run: R, settings: Settings | None = None) -> R:
        """Settings of a benchmark as the file says, or as one of its parts says."""
        asked: Any = run
        stated = self.whole if settings is None else settings
        of_crank = {n.removeprefix(_CRANK): v for n, v in stated.items() if n.startswith(_CRANK)}
        others = {name: value for name, value in stated.items() if not name.startswith(_CRANK)}
        option = "conditions" if self.frozen is None else "protocol"
        made: R = replace(
            asked, **{option: self.source}, **others, crank=replace(asked.crank, **of_crank)
        )
        return made

    def check(self, run: object) -> None:
        """Refuse a benchmark whose settings are neither those of the file nor of a part.

        Raises:
            BadConfig: If one contradicts; the error names each with both values.
        """
        wrong = [_differing(run, settings) for settings in (self.whole, *self.parts)]
        if not all(wrong):
            return
        told = "; ".join(f"{n} is {_said(a)}, and there {_said(b)}" for n, a, b in wrong[0])
        raise BadConfig(f"{self.source} decides these settings: {told}. Leave them away beside it")


def stated_by(protocol: Path | None, conditions: Path | None) -> Stated | None:
    """What the files decide that a benchmark is given; None where it is given none.

    Raises:
        BadConfig: If it is given both.
        DamagedFile: If a file is none of its kind, or was edited.
        UnknownName: If it names a task, an arm or an axis that there is not.
    """
    if protocol is not None and conditions is not None:
        raise BadConfig(
            f"protocol {protocol} and conditions {conditions} each decide which episodes are run; "
            "name one of them"
        )
    place = protocol or conditions
    if place is None:
        return None
    # A benchmark is made anew for every setting that changes; its file is read once.
    read = _of_protocol if protocol is not None else _of_conditions
    return read(place, when_written(place))


@lru_cache(maxsize=4)
def _of_protocol(path: Path, written: tuple[int, ...]) -> Stated:
    del written
    frozen = read_frozen(path)
    first = frozen.protocols[0]
    _require_tasks(path, frozen.tasks)
    common: dict[str, Any] = {
        "episodes": first.n_episodes,
        "arms": first.arms,
        "languages": first.languages,
        "gallery": frozen.gallery,
        "suite": "",
        "first_seed": first.first_seed,
        "crank.engine": frozen.crank.engine,
        "crank.renderer": frozen.crank.renderer,
        "crank.image_size": frozen.crank.image_size,
    }
    parts = tuple(
        common | _part(p.tasks, p.axis, p.severity, p.n_instructions) for p in frozen.protocols
    )
    whole = parts[0] if len(parts) == 1 else common | _part(frozen.tasks, "", 0, 1)
    return Stated(source=path, whole=whole, parts=parts, frozen=frozen)


@lru_cache(maxsize=4)
def _of_conditions(path: Path, written: tuple[int, ...]) -> Stated:
    del written
    conditions = conditions_in(path)
    groups: dict[tuple[str, int, int], list[Condition]] = {}
    for condition in conditions:
        spec = condition.spec
        key = (spec.axis, spec.severity, spec.n_instructions)
        groups.setdefault(key, []).append(condition)
    parts = tuple(
        _listed(groups[key]) | _part(tasks_in(groups[key]), *key) for key in sorted(groups)
    )
    _require_tasks(path, tasks_in(conditions))
    whole = (
        parts[0] if len(parts) == 1 else _listed(conditions) | _part(tasks_in(conditions), "", 0, 1)
    )
    return Stated(source=path, whole=whole, parts=parts, conditions=conditions)


def _listed(conditions: Sequence[Condition]) -> dict[str, Any]:
    specs = [condition.spec for condition in conditions]
    languages = {spec.language for spec in specs}
    return {
        "episodes": len(specs),
        "arms": tuple(sorted({spec.arm for spec in specs}, key=_correct_first)),
        "languages": tuple(language for language in LANGUAGES if language in languages),
        "suite": "",
        "first_seed": min(spec.seed for spec in specs),
    }


def _correct_first(arm: str) -> tuple[bool, str]:
    return arm != "correct", arm


def _part(task_ids: Sequence[str], axis: str, severity: int, n_instructions: int) -> dict[str, Any]:
    return {
        "tasks": tuple(task_ids),
        "axis": axis,
        "severity": severity,
        "n_instructions": n_instructions,
    }


def _require_tasks(path: Path, task_ids: Sequence[str]) -> None:
    """See that the tasks are there, in these versions."""
    try:
        found = tasks_of(task_ids)
    except VlaSimError as error:
        raise error_of(type(error), f"{path}: {error}") from error
    if found != tuple(task_ids):  # names that people type mean other versions tomorrow
        raise BadConfig(
            f"{path}: {' '.join(task_ids)} are not all ids of tasks; ids are {' '.join(found)}"
        )


def require_measurable(stated: Stated | None, measurement: Measurement) -> None:
    """See that what is measured can be, and is what the file says, before the first episode.

    Raises:
        BadConfig: If it takes several runs, an episode's words are others here, or a scene has no
            chain of so many instructions.
        ProtocolMismatch: If a frozen protocol cannot be measured here.
    """
    if not measurement.conditions:  # those are looked at below, words and all
        require_chains(measurement.plan, measurement.base)
    if stated is None:
        return
    if stated.frozen is not None:
        stated.frozen.require_here(measurement.protocol)
        return
    if len(measurement.conditions) != measurement.n_episodes:
        raise BadConfig(
            f"{stated.source} lists episodes along several axes, or chains beside others: it takes "
            "a run for each, which `vla_sim.loop.benching.parts.parts` gives"
        )
    require_words(measurement.conditions, measurement.base, source=stated.source)


def _differing(run: Any, settings: Settings) -> list[tuple[str, object, object]]:
    """Settings in which a benchmark is another: name, its value, the one that is stated."""
    found = []
    for name, value in settings.items():
        owner = run.crank if name.startswith(_CRANK) else run
        own = getattr(owner, name.removeprefix(_CRANK))
        if name == "tasks":
            own, value = tasks_of(own), tasks_of(value)
        if own != value:
            found.append((name, own, value))
    return found


def _said(value: object) -> str:
    if isinstance(value, tuple):
        more = f" and {len(value) - _MOST_SAID} more" if len(value) > _MOST_SAID else ""
        return " ".join(map(str, value[:_MOST_SAID])) + more
    return str(value) or "empty"
