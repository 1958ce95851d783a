"""Values of a cell: what came of one training and its benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TaskValues:
    """What the model did in one task under one way of telling: rates over n episodes.

    Attributes:
        n: Episodes.
        success: At the end.
        manner_kept: Moved as it was told to.
        comfortable: Within the bounds of comfort; None where all were too short to tell.
        violated: Episodes with a violation of any kind.
        collided: Episodes with a collision.
        outcomes: "1" for each episode that succeeded, "0" for each other, by seed.
    """

    n: int
    success: float
    manner_kept: float
    comfortable: float | None
    violated: float
    collided: float
    outcomes: str


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """A recall among the gallery, beside its chance."""

    value: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class CellValues:
    """What came of a cell.

    Attributes:
        tasks: {task id: {way of telling: what was done}}.
        recalls: {"V->L": R@10 of that direction}.
        gallery: Candidates of each.
        updates: Of the training, up to its end.
        cpu_s: CPU time of the training; None where a kill cut it, so that nobody knows.
        silent: What the run itself said of terms that taught nothing.
    """

    tasks: Mapping[str, Mapping[str, TaskValues]]
    recalls: Mapping[str, Recalled]
    gallery: int
    updates: int
    cpu_s: float | None
    silent: tuple[str, ...] = ()


def from_json(said: Mapping[str, Any]) -> CellValues:
    """The values that `dataclasses.asdict` made JSON of.

    Raises:
        KeyError, TypeError, AttributeError: If it is no such JSON.
    """
    whole = CellValues(**said)
    return replace(
        whole,
        tasks={
            task_id: {told: TaskValues(**values) for told, values in by_told.items()}
            for task_id, by_told in said["tasks"].items()
        },
        recalls={name: Recalled(**recall) for name, recall in said["recalls"].items()},
        silent=tuple(said["silent"]),
    )
