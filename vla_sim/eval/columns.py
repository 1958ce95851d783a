"""Columns: the table of a result's episodes, one row each, with units; nothing else names them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vla_sim.errors import DamagedFile
from vla_sim.eval.metrics.table import METRICS
from vla_sim.records.episode import EpisodeSpec, Rig
from vla_sim.records.episode_row import EpisodeRow

Kind = Literal["text", "whole", "yes_no", "number", "counts"]
"""counts: {name: a whole number}."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        kind: What it holds; a value of `yes_no` or `number` may be missing, where it is undefined.
        about: What it says.
        of: Its value in a row.
        unit: SI unit, empty for what has none.
    """

    kind: Kind
    about: str
    of: Callable[[EpisodeRow], Any]
    unit: str = ""


def _metric(name: str) -> Column:
    """A metric's column: what its function says it is."""
    metric = METRICS[name]
    said = (metric.of.__doc__ or "").strip().partition("\n")[0]

    def of(row: EpisodeRow) -> float | bool | None:
        value = row.metrics[name]
        if math.isnan(value):
            return None
        return bool(value) if metric.kind == "rate" else value

    kind: Kind = "yes_no" if metric.kind == "rate" else "number"
    return Column(kind=kind, about=said, of=of, unit=metric.unit)


COLUMNS: Mapping[str, Column] = {
    "task": Column(
        kind="text", about="Gymnasium id, version included", of=lambda r: r.spec.task_id
    ),
    "seed": Column(kind="whole", about="of the scene", of=lambda r: r.spec.seed),
    "goal": Column(kind="whole", about="which of the scene's goals", of=lambda r: r.spec.goal),
    "arm": Column(kind="text", about="what the policy was told", of=lambda r: r.spec.arm),
    "manner": Column(kind="text", about="asked for", of=lambda r: r.spec.manner),
    "language": Column(kind="text", about="of the true words", of=lambda r: r.spec.language),
    "split": Column(kind="text", about="wording seen or held out", of=lambda r: r.spec.split),
    "axis": Column(kind="text", about="domain axis, or nothing", of=lambda r: r.spec.axis),
    "severity": Column(kind="whole", about="0 as in training", of=lambda r: r.spec.severity),
    "n_instructions": Column(kind="whole", about="in a row", of=lambda r: r.spec.n_instructions),
    "instruction": Column(kind="text", about="the true words", of=lambda r: r.text),
    "shown": Column(kind="text", about="the words that the policy got", of=lambda r: r.shown),
    "role": Column(kind="text", about="policy, or teacher with the truth", of=lambda r: r.role),
    "engine": Column(kind="text", about="of the physics", of=lambda r: r.rig.engine),
    "renderer": Column(kind="text", about="of the pictures", of=lambda r: r.rig.renderer),
    "image_height": Column(
        kind="whole", about="of the pictures", of=lambda r: r.rig.image_size[0], unit="px"
    ),
    "image_width": Column(
        kind="whole", about="of the pictures", of=lambda r: r.rig.image_size[1], unit="px"
    ),
    "n_steps": Column(kind="whole", about="control steps", of=lambda r: r.n_steps),
    "progress": Column(kind="number", about="how far it got, 0 to 1", of=lambda r: r.progress),
    "failure": Column(kind="text", about="kind, empty for a success", of=lambda r: r.failure),
    "policy_failure": Column(
        kind="text",
        about="why the policy broke off, if so",
        of=lambda r: r.policy_failure,
    ),
    "path_length_m": Column(
        kind="number", about="of the controlled point", of=lambda r: r.path_length_m, unit="m"
    ),
    "expert_path_length_m": Column(
        kind="number", about="of the expert", of=lambda r: r.expert_path_length_m, unit="m"
    ),
    "n_goals": Column(kind="whole", about="that the scene offers", of=lambda r: r.n_goals),
    "n_goals_equivalent": Column(
        kind="whole", about="that one behaviour reaches", of=lambda r: r.n_goals_equivalent
    ),
    "violations": Column(
        kind="counts", about="steps by name of the violation", of=lambda r: r.violations
    ),
    "violation_stretches": Column(
        kind="counts", about="how often each violation began", of=lambda r: r.violation_stretches
    ),
    "events": Column(kind="counts", about="how many of each kind", of=lambda r: r.events),
    "n_shielded": Column(
        kind="whole",
        about="steps on which the shield changed the action",
        of=lambda r: r.n_shielded,
    ),
    **{name: _metric(name) for name in METRICS},
}
"""What the metrics add is in the table of the metrics. A file has all of them, but for metrics that
came after it was written: those are undefined in its rows."""


def values_of(row: EpisodeRow) -> dict[str, Any]:
    """A row as {column: value}; None where a value is undefined."""
    return {name: column.of(row) for name, column in COLUMNS.items()}


def differing(was: EpisodeRow, now: EpisodeRow) -> tuple[str, ...]:
    """Columns in which an episode that was run again is another than its row.

    A metric that the row leaves undefined is passed over: it may have come after the row was
    written, and what else changes it changes another column too.
    """
    before, after = values_of(was), values_of(now)
    return tuple(
        name
        for name, value in before.items()
        if value != after[name] and not (value is None and name in METRICS)
    )


def row_from(values: Mapping[str, Any]) -> EpisodeRow:
    """The row that `values_of` took apart.

    Raises:
        DamagedFile: If a column is missing or of another kind.
    """
    try:
        return EpisodeRow(
            spec=EpisodeSpec(
                task_id=values["task"],
                seed=values["seed"],
                goal=values["goal"],
                manner=values["manner"],
                language=values["language"],
                split=values["split"],
                arm=values["arm"],
                n_instructions=values["n_instructions"],
                axis=values["axis"],
                severity=values["severity"],
            ),
            rig=Rig(
                engine=values["engine"],
                renderer=values["renderer"],
                image_size=(values["image_height"], values["image_width"]),
            ),
            role=values["role"],
            text=values["instruction"],
            shown=values["shown"],
            n_steps=values["n_steps"],
            metrics={
                name: math.nan if values[name] is None else float(values[name]) for name in METRICS
            },
            violations=_counts(values["violations"]),
            violation_stretches=_counts(values["violation_stretches"]),
            events=_counts(values["events"]),
            progress=values["progress"],
            failure=values["failure"],
            policy_failure=values["policy_failure"],
            path_length_m=values["path_length_m"],
            expert_path_length_m=values["expert_path_length_m"],
            n_goals_equivalent=values["n_goals_equivalent"],
            n_goals=values["n_goals"],
            n_shielded=values["n_shielded"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"this is no row of an episode: {error!r}") from error


def _counts(held: Any) -> dict[str, int]:
    """Of a column of counts, as a mapping or as the pairs that a file gives back."""
    return {name: int(n) for name, n in dict(held).items()}
