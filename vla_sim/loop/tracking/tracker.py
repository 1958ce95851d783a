"""Tracker: takes numbers by name and step, and is told when the run ends."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from vla_sim.errors import MissingExtra, UnknownName

TrackerName = Literal["", "tensorboard", "trackio", "wandb"]
"""Empty: nobody is told."""
NAMES: tuple[TrackerName, ...] = get_args(TrackerName)[1:]


class Tracker(Protocol):
    """Whoever takes numbers."""

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Take numbers.

        Args:
            numbers: {name, with slashes between its parts: a finite number}.
            step: Never falls in a run.
        """
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class Nobody:
    """Where nothing is tracked."""

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class _Late:
    """A tracker that is opened by the first numbers: a run that is refused leaves none behind."""

    def __init__(self, name: str, folder: Path, project: str) -> None:
        self._name, self._folder, self._project = name, folder, project
        self._open: Tracker | None = None

    def log(self, numbers: Mapping[str, float], step: int) -> None:
        if self._open is None:
            # Here, so that nothing of a tracker is loaded where none is asked for.
            from vla_sim.loop.tracking.writers import WRITERS

            self._open = WRITERS[self._name](self._folder, self._project)
        self._open.log(numbers, step)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def check_tracker(name: str) -> None:
    """Refuse a tracker that does not exist, or is not installed, before any work.

    Raises:
        UnknownName: If there is none of this name.
        MissingExtra: If its package is not installed.
    """
    if not name:
        return
    if name not in NAMES:
        raise UnknownName("tracker", name, NAMES)
    if find_spec(name) is None:
        raise MissingExtra(f"the tracker {name!r}", name)


@contextmanager
def tracking(name: TrackerName, folder: Path, *, project: str) -> Iterator[Tracker]:
    """A tracker, open until the block ends; nothing is loaded where the name is empty.

    Args:
        name: Which.
        folder: Of the run; its last part is the run's name.
        project: What the runs of a verb are kept under.

    Raises:
        UnknownName: If there is none of this name.
        MissingExtra: If its package is not installed.
    """
    check_tracker(name)
    tracker: Tracker = _Late(name, folder, project) if name else Nobody()
    try:
        yield tracker
    finally:
        tracker.close()


def numbers_in(values: Mapping[str, Any], *, under: str) -> dict[str, float]:
    """The finite numbers of a row, their names below another; what is none is left out."""
    return {
        f"{under}/{name}": float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
