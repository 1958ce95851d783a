"""Reporting: from run folders and results to one HTML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, TypedDict

from rich.console import Console

from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.errors import BadConfig, DamagedFile, ProtocolMismatch, RunFolderError
from vla_sim.eval.health import health_report
from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report.content import Practice, ReportInput
from vla_sim.eval.report.render import write_report
from vla_sim.eval.report.together import Together
from vla_sim.eval.report_file import from_json
from vla_sim.loop.aligning.gradients import GRADIENTS
from vla_sim.loop.benching.comparing import comparison_of, told_apart
from vla_sim.loop.benching.result import Result, is_result, read_result
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.run_folder import BEST, RunFolder
from vla_sim.loop.showing.result_part import result_part
from vla_sim.loop.showing.showcase import ShowcaseConfig, showcase
from vla_sim.ranges import some
from vla_sim.records.reports import EvalReport, StopDecision

BENCH_FILE = "bench.json"
"""Where a benchmark lies in a run folder for its report to find."""


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
    for name, folder in zip(names, run.runs, strict=True):
        results[name] = read_result(folder) if is_result(folder) else None
        with console.status(f"reading {name}"):
            made = _part(run, folder, results[name])
        parts.append(replace(made, name=name))
    if len(parts) == 1:
        return write_report(parts[0], path=out, title=run.title)
    title = run.title or f"{len(parts)} results, with vla-sim"
    return write_report(*parts, path=out, title=title, together=_together(results))


def _part(run: ReportRun, path: Path, result: Result | None) -> ReportInput:
    """What one folder has to show."""
    if result is not None:
        return result_part(path, result)
    folder = RunFolder.open(path)
    practised = "ppo" in _config(folder)
    return (_practised if practised else _aligned)(run, folder)


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
    tasks_of(_config(folder)["tasks"])  # those of the user's own are found by what was typed
    history, decisions = _history(folder)
    checkpoint = best_checkpoint(folder.path)
    films, failures = showcase(
        str(checkpoint),
        bodies(tuple(task.task_id for task in history[-1].tasks if task.arm == "correct")),
        _crank(folder, "simulators", "crank"),
        run.showcase,
        LearnedModel.load(checkpoint),
    )
    return ReportInput(
        title=run.title or "Closed loop of vla-sim",
        history=history,
        decisions=decisions,
        losses=_numbers(folder, "losses.jsonl"),
        gradients=tuple(folder.rows(GRADIENTS)),
        films=films,
        failures=failures,
        health=_health(checkpoint),
        **_measured(folder),
    )


def _health(checkpoint: Path) -> HealthReport | None:
    """What was written beside the checkpoint; None for one of a time when nothing was."""
    path = checkpoint / health_report.FILE
    if not path.is_file():
        return None
    return health_report.from_json(path.read_text(encoding="utf-8"))


def _practised(run: ReportRun, folder: RunFolder) -> ReportInput:
    """The report of a finetuning."""
    # Here, because stable-baselines3 is heavy and alignments do without it.
    from vla_sim.loop.rl.finetune import CURVE, WINDOW, steps_to
    from vla_sim.loop.rl.rl_policy import INDEX

    if not (folder.path / INDEX).is_file():
        raise RunFolderError(
            f"{folder.path} has no policy yet: let `vla-sim finetune` finish its first round"
        )
    task = str(_config(folder)["task"])
    films, failures = showcase(
        str(folder.path), bodies((task_id_of(task),)), _crank(folder, "crank"), run.showcase
    )
    return ReportInput(
        title=run.title or f"{short_name(task_id_of(task))} by reinforcement, with vla-sim",
        practice=Practice(
            rows=_numbers(folder, CURVE), window=WINDOW, steps_to_80=steps_to(folder, 0.8)
        ),
        films=films,
        failures=failures,
        **_measured(folder),
    )


def _config(folder: RunFolder) -> dict[str, Any]:
    """What the run was asked to do."""
    config: dict[str, Any] = folder.read_json("run.json")["config"]
    return config


def _crank(folder: RunFolder, *path: str) -> CrankConfig:
    """How the run saw: its policy has to be filmed as it learnt."""
    try:
        return CrankConfig(**reduce(getitem, path, _config(folder)))
    except (KeyError, TypeError) as error:
        raise DamagedFile(
            f"{folder.path / 'run.json'} does not say how the run saw ({'.'.join(path)}): {error}"
        ) from error


def _numbers(folder: RunFolder, name: str) -> tuple[Mapping[str, float], ...]:
    """The rows of a file, without what is no number."""
    return tuple(
        {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
        for row in folder.rows(name)
    )


def _history(folder: RunFolder) -> tuple[tuple[EvalReport, ...], tuple[StopDecision, ...]]:
    reports = tuple(from_json(row["report"]) for row in folder.rows("reports.jsonl"))
    try:
        decisions = tuple(StopDecision(**row) for row in folder.read_json("decisions.json"))
    except TypeError as error:
        raise DamagedFile(f"{folder.path / 'decisions.json'} is damaged: {error}") from error
    return reports, decisions


class _Measured(TypedDict):
    final: EvalReport | None
    run_card: Mapping[str, str]


def _measured(folder: RunFolder) -> _Measured:
    """The benchmark, where there is one, and the card of what is known."""
    path = folder.path / BENCH_FILE
    if not path.is_file():
        return {"final": None, "run_card": folder.read_json("run.json")["run_card"]}
    final = from_json(path.read_text(encoding="utf-8"))
    return {"final": final, "run_card": final.run_card}
