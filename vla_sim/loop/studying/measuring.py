"""Measuring: from a cell's settings to its values. A training is made once for all cells of it."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.monitor import Monitor, OnUpdate
from vla_sim.loop.aligning.resuming import LATEST, LOSSES, SILENT, goes_on_exactly
from vla_sim.loop.benching.bench import benched
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.studying.cell import CHANGES_NOTHING, Cell
from vla_sim.loop.studying.cell_values import CellValues, Recalled, TaskValues
from vla_sim.loop.studying.fingerprint import holds, settled
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import EvalReport

BEGUN = "begun.json"
"""Beside a training: its settings."""
DONE = "done.json"
"""Beside a training that is finished: what it cost."""
RUN = "run"
RECALLS = ("V->L", "L->V", "L->A", "A->L", "V->A", "A->V")
AT = "R@10"
QUIET = Console(quiet=True)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training that is finished.

    Attributes:
        run: Its folder.
        updates: How many it made.
        cpu_s: What they cost with their simulators [s]; None where it was interrupted.
        silent: What it said of terms that taught nothing.
    """

    run: Path
    updates: int
    cpu_s: float | None
    silent: tuple[str, ...]


def trained(
    run: AlignRun, place: Path, *, keep_memory: bool, on_update: OnUpdate | None = None
) -> Training:
    """A training in its place: as it lies there, gone on with, or made from its beginning.

    Args:
        run: Its settings; where it lies follows from `place`.
        place: A folder that is this process's alone.
        keep_memory: Keep what only going on would need.
        on_update: Called after every update.

    Raises:
        VlaSimError: If the run is refused, or a loss is no number.
    """
    folder, notes = place / RUN, RunFolder(place)
    settings = {"align": run}
    asked = settled(settings, left_out=CHANGES_NOTHING)
    held = notes.read_json(BEGUN) if (place / BEGUN).is_file() else None
    same = holds(held, asked, settings)
    if (place / DONE).is_file() and same:
        told = notes.read_json(DONE)
        return Training(
            run=folder, updates=told["updates"], cpu_s=told["cpu_s"], silent=tuple(told["silent"])
        )
    begun = same and goes_on_exactly(folder, run)
    if not begun:
        (place / DONE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        notes.write_json(BEGUN, asked)
    began = cpu_seconds()
    with Monitor(QUIET, on_update=on_update) as monitor:
        made = align(replace(run, out=folder, resume=begun), monitor)
    rows = list(made.rows(LOSSES))
    training = Training(
        run=folder,
        updates=int(rows[-1]["step"]),
        cpu_s=None if begun else cpu_seconds() - began,
        silent=tuple(made.read_json(SILENT)) if (made.path / SILENT).is_file() else (),
    )
    notes.write_json(
        DONE,
        {"updates": training.updates, "cpu_s": training.cpu_s, "silent": list(training.silent)},
    )
    if not keep_memory:
        _trim(made)
    return training


def _trim(folder: RunFolder) -> None:
    """Delete what no policy needs: the trainer with its memory, and checkpoints not kept."""
    kept = folder.path / str(folder.read_json(BEST)["checkpoint"])
    for place in (folder.path / LATEST, folder.path / "live"):
        shutil.rmtree(place, ignore_errors=True)
    for checkpoint in kept.parent.iterdir():
        if checkpoint != kept:
            shutil.rmtree(checkpoint, ignore_errors=True)


def cpu_seconds() -> float:
    """CPU time of this process and of those that it waited for [s]."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def values_of(cell: Cell, training: Training) -> CellValues:
    """What a trained model does where the cell asks it.

    Raises:
        VlaSimError: If it cannot be measured.
    """
    made = benched(cell.measured.bench(cell.run, training.run), QUIET)
    report = made.report
    return CellValues(
        tasks=_tasks(report, made.rows),
        recalls=_recalls(report),
        gallery=0 if made.retrieval is None else made.retrieval.gallery_size,
        updates=training.updates,
        cpu_s=training.cpu_s,
        silent=training.silent,
    )


def _tasks(report: EvalReport, rows: Iterable[EpisodeRow]) -> dict[str, dict[str, TaskValues]]:
    by_arm: dict[tuple[str, str], list[EpisodeRow]] = {}
    for row in sorted(rows, key=lambda row: row.spec.seed):
        by_arm.setdefault((row.spec.task_id, row.spec.arm), []).append(row)
    found: dict[str, dict[str, TaskValues]] = {}
    for task in report.tasks:
        mine = by_arm[task.task_id, task.arm]
        rates = {name: rate.value for name, rate in task.rates.items()}
        violated = sum(any(row.violations.values()) for row in mine)
        found.setdefault(task.task_id, {})[task.arm] = TaskValues(
            n=len(mine),
            success=rates["success_at_end"],
            manner_kept=rates["manner_kept"],
            comfortable=rates.get("comfortable"),
            violated=violated / len(mine),
            collided=rates.get("violation/collision", 0.0),
            outcomes="".join(str(int(row.success_at_end)) for row in mine),
        )
    return found


def _recalls(report: EvalReport) -> dict[str, Recalled]:
    if report.retrieval is None:
        return {}
    found = {name: report.retrieval.recall(f"{name}/{AT}") for name in RECALLS}
    return {name: Recalled(value=one.value, chance=one.chance) for name, one in found.items()}
