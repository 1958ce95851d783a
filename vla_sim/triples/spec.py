"""Spec: the shape and type of one row of each column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vla_sim.errors import BadRows
from vla_sim.records.triple import (
    CHUNK_SIZE,
    GRID,
    N_ACT,
    N_CLIP,
    N_GOALS,
    N_PROPRIO,
    N_QUERIES,
    Rows,
)


@dataclass(frozen=True)
class Column:
    """One column of rows, without the leading axis."""

    shape: tuple[int, ...]
    dtype: str
    """Name of the numpy type."""


Spec = Mapping[str, Column]


def step_spec(height: int, width: int) -> Spec:
    """What `StepTriples` with pictures of height x width pixels hold."""
    return {
        "image": Column((height, width, 3), "uint8"),
        "proprio": Column((N_PROPRIO,), "float32"),
        "task": Column((), "int64"),
        "meaning": Column((N_GOALS,), "int64"),
        "weight": Column((N_GOALS,), "float32"),
        "chunk": Column((N_GOALS, CHUNK_SIZE, N_ACT), "float32"),
        "goal_point": Column((N_GOALS, N_QUERIES, 3), "float32"),
        "has_point": Column((N_GOALS, N_QUERIES), "bool"),
        "held": Column((N_GOALS,), "bool"),
        "cell": Column((N_GOALS, N_QUERIES, 2), "float32"),
        "cell_visible": Column((N_GOALS, N_QUERIES), "bool"),
        "hazard": Column((GRID, GRID), "uint8"),
        "on_policy": Column((), "bool"),
    }


def segment_spec(height: int, width: int) -> Spec:
    """What `SegmentTriples` with pictures of height x width pixels hold."""
    return {
        "clip": Column((N_CLIP, height, width, 3), "uint8"),
        "clip_time_s": Column((N_CLIP,), "float32"),
        "task": Column((), "int64"),
        "meaning": Column((), "int64"),
        "knots": Column((CHUNK_SIZE, N_ACT), "float32"),
        "duration_s": Column((), "float32"),
        "start": Column((N_PROPRIO,), "float32"),
        "cell": Column((2,), "float32"),
        "cell_visible": Column((), "bool"),
        "seed": Column((), "int64"),
    }


def strip_spec(height: int, width: int, n_steps: int) -> Spec:
    """What `StripTriples` of so many steps hold."""
    return {
        "strip": Column((n_steps + 1, height, width, 3), "uint8"),
        "action": Column((n_steps, N_ACT), "float32"),
        "task": Column((), "int64"),
        "seed": Column((), "int64"),
    }


def count(rows: Rows, spec: Spec) -> int:
    """The number of rows, after checking every column.

    Raises:
        BadRows: If a column is missing or unknown, has another shape or type, or another length.
    """
    if rows.keys() != spec.keys():
        missing = sorted(spec.keys() - rows.keys())
        unknown = sorted(rows.keys() - spec.keys())
        raise BadRows(
            f"rows miss the columns {missing} and have the unknown columns {unknown}; "
            f"they need exactly {sorted(spec)}"
        )
    first = next(iter(rows))
    n = len(rows[first]) if np.ndim(rows[first]) else -1
    for name, column in spec.items():
        array = rows[name]
        if array.shape[1:] != column.shape or array.ndim == 0:
            raise BadRows(
                f"column {name!r} has the shape {array.shape}; it needs (n, *{column.shape})"
            )
        if array.dtype != np.dtype(column.dtype):
            raise BadRows(f"column {name!r} is {array.dtype}; it needs {column.dtype}")
        if len(array) != n:
            raise BadRows(f"column {name!r} has {len(array)} rows, but {first!r} has {n}")
    return n
