"""A study on a scale of seconds: it is cut, goes on, is shared, and says what failed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.loop.study_cells import values
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import LossReport
from vla_sim.cli.main import main
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import VlaSimError
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.monitor import Monitor, OnUpdate
from vla_sim.loop.aligning.resuming import LOSSES, SILENT
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json
from vla_sim.loop.simulating.simulators import StationConfig
from vla_sim.loop.studying import measuring
from vla_sim.loop.studying import study as studying
from vla_sim.loop.studying.cell import Cell
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.loop.studying.study import Pace, study
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.loop.studying.summary import Summary
from vla_sim.recipes import align as recipes

QUIET = Console(quiet=True)
PX = 16
N_UPDATES = 4


def few() -> StudyRun:
    """Two trainings of four updates, and three cells."""
    glance = recipes.glance()
    memory = replace(glance.learner.memory, batch_steps=2, batch_rehearsal=2, label_share=0.9)
    trainer = glance.learner.trainer
    vision = VisionConfig(image_px=PX, width=16, deep_width=16, n_deep=0, n_out=16)
    model = ModelConfig(vision=vision, text=BagTextConfig(), n_embed=16, hidden=32)
    # A term that so short a run ends before.
    pseudo = replace(trainer.supervision.pseudo_labels, weight=1.0, since=0.9, full=1.0)
    late = replace(trainer.supervision, pseudo_labels=pseudo)
    trainer = replace(trainer, model=model, supervision=late)
    base = replace(
        glance,
        tasks=("Reach",),
        learner=replace(glance.learner, memory=memory, trainer=trainer),
        simulators=StationConfig(n_slots=4, crank=CrankConfig(image_size=PX)),
        max_updates=N_UPDATES,
        updates_per_round=1,
        updates_per_evaluation=1,
        warm_up_rows=32,
        online_episodes=1,
        gallery_per_task=2,
        n_processes=0,
    )
    return StudyRun(
        arms=("base", "no-ensemble", "pcgrad"),
        seeds=(0,),
        base=base,
        measured=MeasuredConfig(episodes=2, gallery=2, told=("correct",)),
    )


def cells_of(run: StudyRun) -> dict[str, object]:
    """{arm: all that was measured but for the clock}."""
    store = CellStore(folder=run.cells_folder)
    found: dict[str, object] = {}
    for cell in run.all_cells:
        outcome = store.read(cell)
        assert outcome is not None and outcome.values is not None
        found[cell.arm] = {k: v for k, v in asdict(outcome.values).items() if k != "cpu_s"}
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> StudyRun:
    run = replace(few(), out=tmp_path_factory.mktemp("whole"))
    found, pages = study(run, QUIET)
    assert found.is_complete and all(page.is_file() for page in pages)
    return run


def test_a_study_keeps_models_and_not_what_only_going_on_needs(whole: StudyRun) -> None:
    trainings = {cell.training for cell in whole.all_cells}
    assert len(trainings) == 2, "an arm that only acts otherwise trains nothing"
    for training in trainings:
        run = whole.out / training / "run"
        assert len(list(run.glob("checkpoints/*/*.safetensors"))) == 1
        assert not (run / "latest").exists()
        assert json.loads((whole.out / training / "done.json").read_text())["cpu_s"] > 0.0


def test_a_cell_names_every_term_that_taught_nothing_those_of_supervision_too(
    whole: StudyRun,
) -> None:
    store = CellStore(folder=whole.cells_folder)
    for cell in whole.all_cells:
        outcome = store.read(cell)
        assert outcome is not None and outcome.values is not None
        assert any("pseudo_labels" in line for line in outcome.values.silent)


def test_what_is_there_is_not_measured_again(
    whole: StudyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studying, "trained", None)
    before = {path: path.stat().st_mtime_ns for path in whole.cells_folder.iterdir()}
    found, _ = study(whole, QUIET)
    assert found.is_complete
    assert before == {path: path.stat().st_mtime_ns for path in whole.cells_folder.iterdir()}


def test_a_training_is_not_made_again_for_a_cell_that_is_gone(
    whole: StudyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a training that another process is at is waited for."""
    before = cells_of(whole)
    (cell,) = [cell for cell in whole.all_cells if cell.arm == "no-ensemble"]
    CellStore(folder=whole.cells_folder).path(cell).unlink()
    held = FolderLock.take(whole.out / cell.training, purpose="somebody else's")
    said: list[str] = []

    def let_go(pace: Pace, line: str) -> None:
        said.append(line)
        held.release()

    def never(*_: object, **__: object) -> object:
        raise AssertionError("was trained again")

    monkeypatch.setattr(Pace, "say", let_go)
    monkeypatch.setattr("vla_sim.loop.studying.measuring.align", never)
    study(whole, QUIET)
    assert said[0] == "waiting for base, seed 0, which another process is at"
    assert cells_of(whole) == before


def test_half_a_training_is_begun_again_and_one_at_its_end_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone on with, its simulators would begin anew, and the cell would not be its settings'."""
    run = few().all_cells[0].run
    resumed: list[bool] = []

    def killed_at(n_updates: int, *, ends: bool) -> Callable[[AlignRun, Monitor], RunFolder]:
        def made(asked: AlignRun, monitor: Monitor) -> RunFolder:
            resumed.append(asked.resume)
            if asked.resume:
                return RunFolder.open(asked.out)
            folder = RunFolder.create(asked.out, to_json(asked), {}, verb="align")
            folder.append(LOSSES, {"step": n_updates})
            if ends:
                folder.write_json(SILENT, ["a term"])
            raise KeyboardInterrupt

        return made

    for n_updates, ends in ((2, False), (N_UPDATES, True)):
        monkeypatch.setattr(measuring, "align", killed_at(n_updates, ends=ends))
        with pytest.raises(KeyboardInterrupt):
            measuring.trained(run, tmp_path, keep_memory=True)
    found = measuring.trained(run, tmp_path, keep_memory=True)
    assert resumed == [False, False, True]
    assert (found.updates, found.cpu_s, found.silent) == (N_UPDATES, None, ("a term",))


def test_only_trainings_that_were_made_tell_how_long_the_others_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one that was there, of which a cell was missing, nor one that failed."""
    told: dict[str, str] = {}

    def made(run: AlignRun, place: Path, *, keep_memory: bool, on_update: OnUpdate) -> None:
        reconciling = type(run.learner.trainer.reconciling).__name__
        if reconciling == "PcgradConfig":
            raise VlaSimError("refused")
        if run.seed:
            on_update(1, LossReport(total=0.0, terms={}, report={}))

    def did(pace: Pace, cells: Sequence[Cell], seconds: float, *, tells: bool) -> None:
        real(pace, cells, 3600.0 if tells else 1.0, tells=tells)
        told[str(cells[0])] = pace.left()

    real = Pace.did
    monkeypatch.setattr(Pace, "did", did)
    monkeypatch.setattr(studying, "trained", made)
    monkeypatch.setattr(studying, "values_of", lambda *_: values(1))
    study(replace(few(), seeds=(0, 1), out=tmp_path), QUIET)
    unknown = "time left known after the first"
    assert told == {
        "base, seed 0": unknown,
        "pcgrad, seed 0": unknown,
        "base, seed 1": "1 h 00 min left",
        "pcgrad, seed 1": "0 s left",
    }


@pytest.mark.slow
def test_two_shares_one_of_which_was_killed_make_what_one_process_makes(
    whole: StudyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (replace(few(), out=tmp_path, shard=f"{k}/2") for k in (1, 2))

    def killing(pace: Pace, cell: Cell) -> Callable[[int, LossReport], None]:
        def after(update: int, losses: LossReport) -> None:
            if update == N_UPDATES:
                raise KeyboardInterrupt

        return after

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Pace, "on_update", killing)
        study(first, QUIET)
    assert not list(tmp_path.glob("cells/*")) and list(tmp_path.glob("*/run/latest"))
    found, _ = study(first, QUIET)
    assert {arm.name for arm in found.arms if arm.missing} == {"pcgrad"}
    found, _ = study(second, QUIET)
    assert found.is_complete
    assert cells_of(replace(first, shard="")) == cells_of(whole)
    assert all(cpu(found, arm) is not None for arm in ("base", "pcgrad"))


def cpu(found: Summary, name: str) -> float | None:
    (arm,) = [arm for arm in found.arms if arm.name == name]
    return arm.values[0].cpu_s


def test_one_cell_that_fails_ends_nothing_and_is_named(
    whole: StudyRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "arm_that_breaks.py"
    place.write_text(
        "from vla_sim.loop.studying.arm import StudyArm\n"
        "def never(model, batch, out):\n"
        "    raise ArithmeticError('of all | things')\n"
        "breaks = StudyArm(section='5.1', en='breaks', zh='出错',"
        " change={'learner.trainer.own_losses': {'arm_that_breaks:never': 1.0}})\n"
    )
    run = replace(whole, arms=(f"{place}:breaks", *whole.arms))
    found, pages = study(run, Console())
    assert found.n_failed == 1 and found.n_measured == 3
    assert "breaks, seed 0 failed: ArithmeticError: of all | things" in capsys.readouterr().out
    assert r"0: ArithmeticError: of all \| things" in pages[0].read_text(encoding="utf-8")


def test_a_page_is_written_of_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "glance", "--show", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "0 of 6 cells are there" in out
    assert (tmp_path / "glance.md").is_file() and (tmp_path / "glance.zh-CN.md").is_file()
    assert not (tmp_path / "cells").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "nobody"], "no arm in this study: 'nobody'; there are 'base'"),
        (["--arms", "base", "nobody"], "no arm 'nobody'; there are"),
        (["--shard", "2/1"], "shard is '2/1'"),
        (["--seeds"], "seeds is empty"),
        (["--base.seed", "4"], "use seeds"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", "glance", "--out", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
