"""Reporting: from a run folder to one HTML file."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.eval.report.content import ReportInput
from vla_sim.eval.report.render import write_report
from vla_sim.eval.report_file import from_json
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.showing.showcase import ShowcaseConfig, showcase
from vla_sim.records.reports import EvalReport, StopDecision

BENCH_FILE = "bench.json"
"""Where a benchmark lies in a run folder for its report to find."""


@dataclass(frozen=True, kw_only=True)
class ReportRun:
    """Settings of a report."""

    run: Path = Path("runs/demo/align")
    """Folder of an alignment run."""
    out: Path | None = None
    """The HTML file; report.html in the run folder where none is given."""
    title: str = "Closed loop of vla-sim"
    showcase: ShowcaseConfig = field(default_factory=ShowcaseConfig)


def write_run_report(run: ReportRun, console: Console) -> Path:
    """Film the kept model and write the report.

    Returns:
        The HTML file.

    Raises:
        RunFolderError: If the folder holds no run, or one that was never evaluated.
        DamagedFile: If one of its files is damaged.
    """
    folder = RunFolder.open(run.run)
    if not (folder.path / BEST).is_file():
        raise RunFolderError(
            f"{run.run} was not evaluated yet: let `vla-sim align` reach its first evaluation"
        )
    out = run.out or folder.path / "report.html"
    check_outlet(out)
    model = LearnedModel.load(best_checkpoint(folder.path))
    history, decisions = _history(folder)
    final = _final(folder)
    tasks = tuple(task.task_id for task in history[-1].tasks if task.arm == "correct")
    with console.status("filming the kept model"):
        films, failures = showcase(model, bodies(tasks), run.showcase)
    content = ReportInput(
        title=run.title,
        history=history,
        decisions=decisions,
        final=final,
        losses=tuple(
            {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
            for row in folder.rows("losses.jsonl")
        ),
        films=films,
        failures=failures,
        run_card=folder.read_json("run.json")["run_card"] if final is None else final.run_card,
    )
    return write_report(content, out)


def _history(folder: RunFolder) -> tuple[tuple[EvalReport, ...], tuple[StopDecision, ...]]:
    reports = tuple(from_json(row["report"]) for row in folder.rows("reports.jsonl"))
    try:
        decisions = tuple(StopDecision(**row) for row in folder.read_json("decisions.json"))
    except TypeError as error:
        raise DamagedFile(f"{folder.path / 'decisions.json'} is damaged: {error}") from error
    return reports, decisions


def _final(folder: RunFolder) -> EvalReport | None:
    path = folder.path / BENCH_FILE
    return from_json(path.read_text(encoding="utf-8")) if path.is_file() else None
