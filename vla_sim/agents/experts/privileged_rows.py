"""The expert's door: what comes in is checked once, with the name of what is wrong."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class BadPrivilegedError(VlaSimError):
    """A privileged state that is not finite or has the wrong shape."""


def checked_rows(
    privileged: Mapping[str, Floats],
    names: Iterable[str],
    goal: Ints,
    manner: Ints,
    size: int,
    *,
    goals_of: str,
    may_be_infinite: Iterable[str] = (),
) -> dict[str, Floats]:
    """Pick the named arrays, each with a row per goal, free of NaN.

    Args:
        privileged: The task's true state.
        names: What the expert reads.
        goal: Index of the goal, shape (m,).
        manner: Index into MANNERS, shape (m,).
        size: Steps that are asked for.
        goals_of: Name of the array whose second axis counts the scene's goals.
        may_be_infinite: Names where inf means "there is none".

    Returns:
        {name: float64 (m, ...)}, C-contiguous.

    Raises:
        UnknownName: If the task does not tell one of the names.
        BadPrivilegedError: If shapes disagree, a value is NaN or a goal or manner is out of range.
    """
    m = len(goal)
    infinite = set(may_be_infinite)
    rows: dict[str, Floats] = {}
    for name in names:
        if name not in privileged:
            raise UnknownName("privileged state", name, privileged)
        value = np.ascontiguousarray(privileged[name], dtype=np.float64)
        if value.ndim == 0 or len(value) != m:
            raise BadPrivilegedError(
                f"{name} has shape {value.shape}, but {m} goals were asked for"
            )
        ok = ~np.isnan(value) if name in infinite else np.isfinite(value)
        if not ok.all():
            row = int(np.argwhere(~ok)[0][0])
            raise BadPrivilegedError(
                f"{name} is not finite in row {row}; drop diverged simulations before labelling"
            )
        rows[name] = value
    if goal.shape != (m,) or manner.shape != (m,):
        raise BadPrivilegedError(f"goal {goal.shape} and manner {manner.shape} must both be (m,)")
    if size < 1:
        raise BadPrivilegedError(f"a chunk needs at least one step, {size} were asked for")
    n_goals = rows[goals_of].shape[1]
    if m and (goal.min() < 0 or goal.max() >= n_goals):
        raise BadPrivilegedError(
            f"goal must lie in [0, {n_goals}), the number of rows of {goals_of}"
        )
    if m and (manner.min() < 0 or manner.max() >= len(MANNERS)):
        raise BadPrivilegedError(f"manner must index one of {MANNERS}")
    return rows


def manner_limits(manners: Mapping[Manner, MannerProfile]) -> Floats:
    """Planned top velocity, acceleration and jerk of each manner, shape (len(MANNERS), 3).

    Raises:
        BadConfig: If a manner has no profile or a limit is not positive.
    """
    missing = [name for name in MANNERS if name not in manners]
    if missing:
        raise BadConfig(f"no profile for the manners {missing}; the robot must define all of them")
    limits = np.array(
        [[manners[m].velocity, manners[m].acceleration, manners[m].jerk] for m in MANNERS]
    )
    if not (np.isfinite(limits).all() and (limits > 0.0).all()):
        raise BadConfig(f"the manners' limits must be positive numbers: {limits.tolist()}")
    return limits
