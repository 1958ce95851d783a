"""Suites: what a benchmark runs, by name.

A suite is a list of rows; rows with equal axis, severity and number of instructions are run under
one protocol.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vla_sim.envs.axes import AXES
from vla_sim.envs.chain import MAX_INSTRUCTIONS
from vla_sim.envs.registration import IDS
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.envs.tasks import ENGINE_TASKS
from vla_sim.errors import BadConfig, RetiredName, UnknownName
from vla_sim.foreign import is_foreign
from vla_sim.records.shift import SEVERITIES


@dataclass(frozen=True, kw_only=True)
class SuiteRow:
    """One line of a suite."""

    task_id: str
    """A task, in one of its variants."""
    axis: str = ""
    severity: int = 0
    n_instructions: int = 1


def _ids(*names: str) -> tuple[str, ...]:
    return tuple(task_id_of(name) for name in names)


SPINE = _ids("Reach", "Lift", "DriveToGoal", "ChangeLane")
"""Two tasks of either robot, which the default model learns together within minutes."""

CORE_ARM = _ids(
    "Reach",
    "PushToRegion",
    "Lift",
    "PickPlace",
    "Stack",
    "PlaceRelative",
    "OpenDrawer",
    "CloseDrawer",
    "PressButton",
    "TurnKnob",
    "SortByColour",
    "TracePath",
)
CORE_CAR = _ids(
    "DriveToGoal",
    "KeepLane",
    "ChangeLane",
    "TurnAtIntersection",
    "Park",
    "StopAtLine",
    "YieldToPedestrian",
    "FollowLead",
    "Slalom",
    "Overtake",
)
CORE = CORE_ARM + CORE_CAR
"""Every task in its main variant."""
VARIANTS = tuple(task_id for task_id in IDS if task_id not in CORE)
"""The other variants."""
RELATIONS = _ids(
    "ReachRelations",
    "LiftRelations",
    "DriveToGoalRelations",
    "PressButtonOrdinals",
    "OpenDrawerSides",
    "CloseDrawerSides",
    "TurnKnobSides",
    "ParkOrdinals",
    "StopAtLineRank",
)
"""Variants whose things are told by where they are, by size or by rank."""
CHAINS: Mapping[str, int] = {
    "Reach": 5,
    "PressButton": 5,
    "TurnKnob": 4,
    "Lift": 4,
    "PickPlace": 4,
    "CloseDrawer": 3,
}
"""Tasks of the suite `long`, with the number of instructions in one episode."""


def _rows(task_ids: Iterable[str], axis: str = "", severity: int = 0) -> tuple[SuiteRow, ...]:
    return tuple(SuiteRow(task_id=t, axis=axis, severity=severity) for t in task_ids)


def _ood(axis: str) -> tuple[SuiteRow, ...]:
    """The core at every severity of an axis, where an engine is declared to run it."""
    rows: list[SuiteRow] = []
    for severity in SEVERITIES[1:]:
        engine = AXES[axis].engine(severity)
        declared = ENGINE_TASKS.get(engine or "", CORE)
        rows += _rows((task_id for task_id in CORE if task_id in declared), axis, severity)
    return tuple(rows)


SUITES: Mapping[str, tuple[SuiteRow, ...]] = {
    "spine": _rows(SPINE),
    "core": _rows(CORE),
    "core-arm": _rows(CORE_ARM),
    "core-car": _rows(CORE_CAR),
    "variants": _rows(VARIANTS),
    "language": _rows(CORE + RELATIONS),
    "long": tuple(
        SuiteRow(task_id=task_id_of(name), n_instructions=n) for name, n in CHAINS.items()
    ),
    **{f"ood-{axis.replace('_', '-')}": _ood(axis) for axis in AXES},
}
"""`language` is meant to be run under all instruction arms, the others under the true one."""

assert max(CHAINS.values()) <= MAX_INSTRUCTIONS

LISTS_OF_TASKS: tuple[str, ...] = tuple(
    name
    for name, rows in SUITES.items()
    if not any(row.axis or row.n_instructions > 1 for row in rows)
)
"""The suites that are no more than a list of tasks, which any verb takes for its tasks."""

_ABOUT: Mapping[str, str] = {
    "spine": "The four tasks that the default model learns.",
    "core": "Every task in its main variant.",
    "core-arm": "The arm's tasks of the core.",
    "core-car": "The car's tasks of the core.",
    "variants": "The other variants of the tasks.",
    "language": "The core, and the variants that tell things by place, size or rank.",
    "long": "Chains of 3 to 5 instructions in one episode.",
}


def about(suite: str) -> str:
    """What a suite runs, in a line for people who choose one."""
    if suite in _ABOUT:
        return _ABOUT[suite]
    (axis,) = {row.axis for row in SUITES[suite]}
    return f"The core along the axis {axis}, severities 1 to {max(SEVERITIES)}."


def tasks_of(names: Iterable[str], *, engines: Iterable[str] = ()) -> tuple[str, ...]:
    """Ids of the tasks that names mean, in their order, each once.

    Args:
        names: Names of tasks, see `task_id_of`, and of suites.
        engines: Of a suite, the tasks that one of these is not declared for are left out.

    Raises:
        UnknownName: If a name means neither.
        BadConfig: If a suite is more than a list of tasks, or a task of the user's own is none.
    """
    if isinstance(names, str):
        raise BadConfig(f"tasks are several names, and {names!r} is one; write ({names!r},)")
    ids: list[str] = []
    for name in names:
        rows = SUITES.get(name.casefold())
        if rows is None:
            ids.append(_task_id(name))
            continue
        if name.casefold() not in LISTS_OF_TASKS:
            raise BadConfig(
                f"the suite {name!r} is more than a list of tasks: measure it by "
                f"`vla-sim bench {name.casefold()}`, or name its tasks"
            )
        declared = [ENGINE_TASKS[engine] for engine in engines if engine in ENGINE_TASKS]
        ids += [row.task_id for row in rows if all(row.task_id in tasks for tasks in declared)]
    return tuple(dict.fromkeys(ids))


def names_of(task_ids: Iterable[str], typed: Iterable[str]) -> tuple[str, ...]:
    """Names that mean these tasks: short, and for the user's own as they were typed.

    A run that writes its settings down so finds the file again.
    """
    own = {task_id_of(name): name for name in typed if is_foreign(name)}
    return tuple(own.get(task_id, short_name(task_id)) for task_id in task_ids)


def _task_id(name: str) -> str:
    try:
        return task_id_of(name)
    except RetiredName:
        raise
    except UnknownName:
        if is_foreign(name):
            raise
        known = {short_name(task_id) for task_id in IDS} | set(LISTS_OF_TASKS)
        raise UnknownName("task", name, known) from None


def parts_of(suite: str) -> dict[tuple[str, int, int], tuple[str, ...]]:
    """{(axis, severity, number of instructions): ids of the tasks} of a suite, in its order."""
    parts: dict[tuple[str, int, int], tuple[str, ...]] = {}
    for row in SUITES[suite]:
        key = (row.axis, row.severity, row.n_instructions)
        parts[key] = (*parts.get(key, ()), row.task_id)
    return parts
