"""Parts: a benchmark cut into runs under one protocol each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_sim.envs.suites import SUITES, parts_of
from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.stated import Settings, require_measurable, stated_by


def parts(run: BenchRun) -> list[BenchRun]:
    """A suite, a frozen protocol or a condition set cut into runs; otherwise the run itself.

    Raises:
        BadConfig: If a task is named that is in no row of the suite.
    """
    stated = run.stated
    if stated is not None and len(stated.parts) > 1:
        return [replace(stated.applied(run, part), out=_place(run, part)) for part in stated.parts]
    if not run.suite:
        return [run]
    rows = {row.task_id for row in SUITES[run.suite]}
    if strangers := [short_name(task_id) for task_id in run.task_ids if task_id not in rows]:
        listed = ", ".join(sorted(map(short_name, rows)))
        raise BadConfig(f"the suite {run.suite!r} has no {', '.join(strangers)}; it has {listed}")
    made = []
    for (axis, severity, n_instructions), task_ids in parts_of(run.suite).items():
        named = [task_id for task_id in task_ids if task_id in run.task_ids]
        if not named:
            continue
        part: dict[str, Any] = {
            "tasks": tuple(named),
            "axis": axis,
            "severity": severity,
            "n_instructions": n_instructions,
        }
        out = _place(run, part) if len(parts_of(run.suite)) > 1 else run.out
        made.append(replace(run, suite="", out=out, **part))
    return made


def require_here(protocol: Path | None, conditions: Path | None = None) -> None:
    """See that a frozen protocol, or a condition set, can be measured here, all of it.

    Raises:
        VlaSimError: If not, as `stated_by` and `require_measurable` raise it.
    """
    stated = stated_by(protocol, conditions)
    assert stated is not None, "a file was named"
    for part in parts(stated.applied(BenchRun(policy="zero"))):
        require_measurable(stated, part.measurement)


def _place(run: BenchRun, part: Settings) -> Path | None:
    """Where a part's result goes: below the folder, or beside the file, that was named."""
    if run.out is None:
        return None
    along = [part["axis"], str(part["severity"])] if part["axis"] else []
    chain = [str(part["n_instructions"])] if part["n_instructions"] > 1 else []
    told = "-".join([*along, *chain]) or "training"
    return run.out / told if run.folder else run.out.with_stem(f"{run.out.stem}-{told}")
