"""Reporting: from run folders and results to one HTML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.suites import tasks_of
from vla_sim.errors import BadConfig, DamagedFile, ProtocolMismatch, RunFolderError
from vla_sim.eval.health import health_report
from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report.content import ReportInput
from vla_sim.eval.report.render import write_report
from vla_sim.eval.report.together import Together
from vla_sim.eval.report_file import from_json
from vla_sim.loop.aligning.gradients import GRADIENTS
from vla_sim.loop.benching.comparing import comparison_of, told_apart
from vla_sim.loop.benching.result import CARD, Result, is_result, read_result
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.run_folder import BEGUN, BEST, RunFolder
from vla_sim.loop.showing.practice_part import practice_part
from vla_sim.loop.showing.result_part import result_part
from vla_sim.loop.showing.run_record import (
    benchmark_of,
    card_of,
    config_of,
    numbers_of,
    rig_of,
)
from vla_sim.loop.showing.showcase import ShowcaseConfig, showcase
from vla_sim.ranges import some
from vla_sim.records.reports import EvalReport, StopDecision


@dataclass(frozen=True, kw_only=True)
class ReportRun:
    """Settings of a report."""

    runs: tuple[Path, ...] = (Path("runs/demo/align"),)
    """Folders of alignments, of finetunings, and results of `vla-sim bench --out FOLDER`; several
    stand on one page, and are compared where they were measured the same way."""
    out: Path | None = None
    """The HTML file; report.html in the first folder where none is given."""
    title: str = ""
    """At the head of the page; says what kind of run it was where none is given."""
    showcase: ShowcaseConfig = field(default_factory=ShowcaseConfig)

    def __post_init__(self) -> None:
        with_paths(self)
        some(runs=self.runs)


def write_run_report(run: ReportRun, console: Console) -> Path:
    """Film the kept policies and write the report; the films of results lie on disk.

    Returns:
        The HTML file.

    Raises:
        BadConfig: If a folder is named twice.
        RunFolderError: If a folder holds no run and no result, or a run that was never evaluated.
        DamagedFile: If one of its files is damaged, or was edited.
    """
    names = told_apart(run.runs)
    out = run.out or run.runs[0] / "report.html"
    check_outlet(out)
    parts = []
    results: dict[str, Result | None] = {}
    for name, folder in zip(names, run.runs, strict=True):  # before the first of them is filmed
        results[name] = read_result(folder) if is_result(folder) else None
        if results[name] is None:
            _require_run(folder)
    for name, folder in zip(names, run.runs, strict=True):
        with console.status(f"reading {name}"):
            made = _part(run, folder, results[name])
        parts.append(replace(made, name=name))
    if len(parts) == 1:
        return write_report(parts[0], path=out, title=run.title)
    title = run.title or f"{len(parts)} results, with vla-sim"
    return write_report(*parts, path=out, title=title, together=_together(results))


def _require_run(path: Path) -> None:
    """See that a folder holds what can be reported.

    Raises:
        RunFolderError: If not.
    """
    if not (path / BEGUN).is_file():
        raise RunFolderError(
            f"{path} holds neither a run ({BEGUN}) nor a result of a benchmark ({CARD}); give the "
            "folder that `align`, `finetune` or `bench --out` wrote"
        )
    RunFolder.open(path)


def _part(run: ReportRun, path: Path, result: Result | None) -> ReportInput:
    """What one folder has to show."""
    if result is not None:
        return result_part(path, result)
    folder = RunFolder.open(path)
    if folder.verb == "finetune":
        return practice_part(folder, run.showcase, title=run.title)
    if folder.verb != "align":
        read_result(path)  # says what is there instead
    return _aligned(run, folder)


def _together(results: Mapping[str, Result | None]) -> Together:
    """What the results say of each other, or why they say nothing."""
    measured = {name: result for name, result in results.items() if result is not None}
    for name in results:
        if name not in measured:
            return Together(
                refused=f"{name} is no result of a benchmark: it has no rows that could be paired"
            )
    try:
        return Together(comparison=comparison_of(measured))
    except (ProtocolMismatch, BadConfig) as error:
        return Together(refused=str(error))


def _aligned(run: ReportRun, folder: RunFolder) -> ReportInput:
    """The report of an alignment."""
    if not (folder.path / BEST).is_file():
        raise RunFolderError(
            f"{folder.path} was not evaluated yet: let `vla-sim align` reach its first evaluation"
        )
    tasks_of(config_of(folder)["tasks"])  # those of the user's own are found by what was typed
    history, decisions = _history(folder)
    checkpoint, final = best_checkpoint(folder.path), benchmark_of(folder)
    films, failures = showcase(
        str(checkpoint),
        bodies(tuple(task.task_id for task in history[-1].tasks if task.arm == "correct")),
        rig_of(folder, "simulators", "crank"),
        run.showcase,
        LearnedModel.load(checkpoint),
    )
    return ReportInput(
        title=run.title or "Closed loop of vla-sim",
        history=history,
        decisions=decisions,
        losses=numbers_of(folder, "losses.jsonl"),
        gradients=tuple(folder.rows(GRADIENTS)),
        films=films,
        failures=failures,
        health=_health(checkpoint),
        final=final,
        run_card=card_of(folder, final),
    )


def _health(checkpoint: Path) -> HealthReport | None:
    """What was written beside the checkpoint; None for one of a time when nothing was."""
    path = checkpoint / health_report.FILE
    if not path.is_file():
        return None
    return health_report.from_json(path.read_text(encoding="utf-8"))


def _history(folder: RunFolder) -> tuple[tuple[EvalReport, ...], tuple[StopDecision, ...]]:
    reports = tuple(from_json(row["report"]) for row in folder.rows("reports.jsonl"))
    try:
        decisions = tuple(StopDecision(**row) for row in folder.read_json("decisions.json"))
    except TypeError as error:
        raise DamagedFile(f"{folder.path / 'decisions.json'} is damaged: {error}") from error
    return reports, decisions
