"""Whether a run has anything left to do, by the settings that it goes on with."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.eval.test_stopping import history
from vla_sim.align.checkpoint import INDEX
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import FolderInUse, RunFolderError
from vla_sim.eval.report_file import to_json as report_json
from vla_sim.eval.stopping import StoppingConfig, decisions
from vla_sim.loop.aligning.align_run import MAY_CHANGE, VERB, AlignRun
from vla_sim.loop.aligning.kept_memory import TRAINER
from vla_sim.loop.aligning.resuming import (
    DECISIONS,
    LATEST,
    REPORTS,
    SILENT,
    drop,
    goes_on_exactly,
    nothing_left,
)
from vla_sim.loop.opening import refuse_place
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json


def stopped(run: AlignRun) -> RunFolder:
    """A run's folder after reports at 0.5, 0.9, 0.9 and 0.9, as `align` leaves it."""
    folder = RunFolder.create(run.out, to_json(run), {}, verb=VERB)
    reports = history((0.5, 0.5), (0.9, 0.5), (0.9, 0.5), (0.9, 0.5))
    for report in reports:
        folder.append(REPORTS, {"checkpoint": "", "report": report_json(report)})
    taken = decisions(reports, run.stopping)
    folder.write_json(DECISIONS, [asdict(decision) for decision in taken])
    trainer = folder.path / LATEST / TRAINER
    trainer.mkdir(parents=True)
    (trainer / INDEX).touch()
    return folder


def left(folder: RunFolder, run: AlignRun, stopping: StoppingConfig) -> str | None:
    """Why a run that goes on with another rule to stop has nothing to do."""
    again = replace(run, resume=True, stopping=stopping)
    refuse_place(folder.path, again, verb=VERB, resume=True, may=MAY_CHANGE)
    return nothing_left(folder, again)


def test_a_run_that_stopped_goes_on_with_more_patience_or_a_higher_target(tmp_path: Path) -> None:
    tired = AlignRun(out=tmp_path / "tired", stopping=StoppingConfig(patience=2))
    folder = stopped(tired)
    said = left(folder, tired, tired.stopping)
    assert said is not None and "2 reports without progress; a larger --stopping.patience" in said
    assert left(folder, tired, replace(tired.stopping, patience=3)) is None
    done = AlignRun(out=tmp_path / "done", stopping=StoppingConfig(patience=9, target_success=0.9))
    folder = stopped(done)
    said = left(folder, done, done.stopping)
    assert said is not None and "the target is met; a larger --stopping.target-success" in said
    assert left(folder, done, replace(done.stopping, target_success=0.95)) is None
    assert left(folder, done, replace(done.stopping, patience=1)) is not None


def test_what_makes_a_report_the_best_stays(tmp_path: Path) -> None:
    run = AlignRun(out=tmp_path / "run")
    folder = stopped(run)
    with pytest.raises(RunFolderError, match=r"begun with stopping\.min_success_gain"):
        left(folder, run, StoppingConfig(min_success_gain=0.5))


def test_only_a_dataset_or_the_end_makes_a_run_go_on_exactly(tmp_path: Path) -> None:
    run = AlignRun(out=tmp_path / "run")
    assert not goes_on_exactly(run.out, run), "there is none"
    folder = RunFolder.create(run.out, to_json(run), {}, verb=VERB)
    assert not goes_on_exactly(run.out, run)
    assert goes_on_exactly(run.out, replace(run, data=tmp_path / "data"))
    folder.write_json(SILENT, [])
    assert goes_on_exactly(run.out, run)
    with FolderLock.take(run.out, purpose="somebody else's"), pytest.raises(FolderInUse):
        drop(run.out)
    assert goes_on_exactly(run.out, run)
    drop(run.out)
    assert not run.out.exists()
