"""Episodes: the rows of results as a page's table takes them, to be filtered there."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vla_sim.eval.report.numbers import short
from vla_sim.records.episode_row import EpisodeRow

SUCCESS = "success"
"""The failure class of an episode that did not fail."""
FILTERS: Mapping[str, str] = {
    "result": "Result",
    "task": "Task",
    "arm": "Arm",
    "axis": "Axis",
    "manner": "Manner",
    "language": "Language",
    "failure": "Outcome",
}
"""Columns that episodes are filtered by, and what they are called."""
TRAINING = "none"
"""The axis of an episode in training conditions."""


def episode_table(results: Mapping[str, Sequence[EpisodeRow]]) -> dict[str, Any]:
    """Rows as columns: words as numbers into a list of each column's, in the order of the results.

    Args:
        results: {name: its rows, in their order}; a row's place is what `replay --episode` takes.
    """
    flat = [(name, k, row) for name, rows in results.items() for k, row in enumerate(rows)]
    words: dict[str, list[str]] = {
        "result": [name for name, _, _ in flat],
        "task": [short(row.spec.task_id) for _, _, row in flat],
        "arm": [row.spec.arm.replace("_", " ") for _, _, row in flat],
        "axis": [_axis(row) for _, _, row in flat],
        "manner": [row.spec.manner for _, _, row in flat],
        "language": [row.spec.language for _, _, row in flat],
        "failure": [row.failure.replace("_", " ") or SUCCESS for _, _, row in flat],
    }
    table: dict[str, Any] = {"n": len(flat), "filters": {}}
    for name, values in words.items():
        names = list(dict.fromkeys(values))
        at = {value: k for k, value in enumerate(names)}
        table["filters"][name] = {
            "title": FILTERS[name],
            "names": names,
            "of": [at[value] for value in values],
        }
    table["place"] = [k for _, k, _ in flat]
    table["seed"] = [row.spec.seed for _, _, row in flat]
    table["text"] = [row.text for _, _, row in flat]
    table["time_s"] = [_number(row.metrics["time_s"], 2) for _, _, row in flat]
    table["progress"] = [_number(row.progress, 3) for _, _, row in flat]
    table["broken"] = [
        [name.replace("_", " ") for name, n in row.violations.items() if n] for _, _, row in flat
    ]
    return table


def _axis(row: EpisodeRow) -> str:
    spec = row.spec
    named = f"{spec.axis} {spec.severity}" if spec.axis else TRAINING
    return f"{spec.n_instructions} × {named}" if spec.n_instructions > 1 else named


def _number(value: float, digits: int) -> float | None:
    return None if math.isnan(value) else round(value, digits)
