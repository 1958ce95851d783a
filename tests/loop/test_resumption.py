"""A run goes on with the settings it was begun with, or is told which of them differ."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vla_sim import unsaid
from vla_sim.align.checkpoint import INDEX
from vla_sim.align.encoders.table import ENCODERS
from vla_sim.align.model import ModelConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.loop.aligning import kept_memory
from vla_sim.loop.aligning.align_run import MAY_CHANGE as ALIGN_MAY
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.resuming import LATEST, is_saved
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.loop.resumption import begun_with, differences, require_same
from vla_sim.loop.rl.rl_run import MAY_CHANGE as FINETUNE_MAY
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json


def test_differences_are_the_settings_that_differ() -> None:
    config = CollectRun(tasks=("Reach",))
    other = replace(config, tasks=("Lift",), crank=replace(config.crank, image_size=96))
    assert not differences(to_json(config), to_json(config))
    found = differences(to_json(config), to_json(other))
    assert sorted(map(str, found)) == [
        "crank.image_size = 64, not 96",
        "tasks = Reach, not Lift",
    ]
    texts = [to_json(ModelConfig(text=ENCODERS[name])) for name in ("bag", "transformer")]
    assert [difference.name for difference in differences(*texts)] == ["text"]


def test_a_run_goes_on_with_its_settings_or_is_told_which_differ(tmp_path: Path) -> None:
    run = CollectRun(crank=CrankConfig(image_size=32))
    folder = RunFolder.create(tmp_path, to_json(run), {}, verb="collect")
    assert begun_with(CollectRun, tmp_path, verb="collect") == run
    may = ("episodes", "crank.n_threads")
    require_same(folder, replace(run, episodes=7), may_change=may)
    threads = replace(run, crank=replace(run.crank, n_threads=2))
    require_same(folder, threads, may_change=may)
    require_same(folder, CollectRun(), may_change=("crank",))
    says = r"begun with policy = expert, not zero; seed = 0, not 3\. .*only episodes, crank\.n_thr"
    with pytest.raises(RunFolderError, match=says):
        require_same(folder, replace(threads, seed=3, policy="zero", episodes=7), may_change=may)
    with pytest.raises(RunFolderError, match="begun by 'collect'"):
        begun_with(CollectRun, tmp_path, verb="align")


OF_SUCCESS: tuple[dict[str, Any], ...] = ({"min_success_gain": 0.5}, {"success": "success_once"})
OF_RETRIEVAL: tuple[dict[str, Any], ...] = ({"min_retrieval_gain": 0.5}, {"retrieval_weight": 0.0})


@pytest.mark.parametrize(
    ("run", "may", "chooses"),
    [
        (AlignRun(), ALIGN_MAY, (*OF_SUCCESS, *OF_RETRIEVAL)),
        (FinetuneRun(), FINETUNE_MAY, OF_SUCCESS),
    ],
)
def test_what_chose_the_policy_that_is_kept_goes_on_choosing(
    tmp_path: Path,
    run: AlignRun | FinetuneRun,
    may: tuple[str, ...],
    chooses: tuple[dict[str, Any], ...],
) -> None:
    """Decisions are taken anew from all reports, and only the best of the old ones was kept."""
    folder = RunFolder.create(tmp_path, to_json(run), {}, verb="any")
    for change in chooses:
        other = replace(run, stopping=replace(run.stopping, **change))
        with pytest.raises(RunFolderError, match=f"begun with stopping.{next(iter(change))} = "):
            require_same(folder, other, may_change=may)


def test_a_finetuning_may_stop_elsewhere(tmp_path: Path) -> None:
    run = FinetuneRun()
    folder = RunFolder.create(tmp_path, to_json(run), {}, verb="finetune")
    later = replace(run.stopping, patience=20, target_success=None, target_task_success=0.5)
    require_same(folder, replace(run, stopping=later), may_change=FINETUNE_MAY)


def test_a_folder_need_not_know_what_came_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that it lacks is as before there was one, be that its default or not."""
    table = {"vla_sim.loop.collecting.collect:CollectRun.n_slots": 8}
    monkeypatch.setattr(unsaid, "CHANGED_DEFAULTS", table)
    run, may = CollectRun(seed=3), ("episodes",)
    config = to_json(run)
    del config["n_slots"], config["crank"]["shield"], config["conditions"]
    folder = RunFolder.create(tmp_path, config, {}, verb="collect")
    before = replace(run, n_slots=8)
    assert begun_with(CollectRun, tmp_path, verb="collect") == before
    require_same(folder, before, may_change=may)
    with pytest.raises(RunFolderError, match=r"begun with n_slots = 8, not 32\. .*only episodes"):
        require_same(folder, run, may_change=may)
    shielded = replace(before, crank=replace(before.crank, shield="limits"))
    with pytest.raises(RunFolderError, match=r"crank\.shield = off, not limits\. .* another --out"):
        require_same(folder, shielded, may_change=may)


def test_a_first_save_that_was_cut_short_is_no_save(tmp_path: Path) -> None:
    """As a kill or a full disk leaves it: memory and tensors are there, the index is not yet."""
    folder = RunFolder.create(tmp_path, {}, {}, verb="align")
    assert not is_saved(folder)
    trainer = folder.path / LATEST / kept_memory.TRAINER
    trainer.mkdir(parents=True)
    (folder.path / LATEST / kept_memory.MEMORY).write_bytes(b"")
    (trainer / "model-0123456789abcdef.safetensors").write_bytes(b"")
    assert not is_saved(folder), "it would go on from what is not there, and never could"
    (trainer / INDEX).write_text("{}")
    assert is_saved(folder)


def test_a_folder_that_knows_what_is_gone_is_refused_by_its_name(tmp_path: Path) -> None:
    config = to_json(CollectRun())
    config["crank"]["gravity"] = 9.5
    folder = RunFolder.create(tmp_path, config, {}, verb="collect")
    says = (
        r"run\.json: crank\.gravity = 9\.5 is no setting here; .*begin another run, or go on with"
    )
    with pytest.raises(DamagedFile, match=says):
        require_same(folder, CollectRun(), may_change=("crank",))


def test_a_folder_of_settings_that_are_refused_by_now_is_named(tmp_path: Path) -> None:
    config = to_json(FinetuneRun())
    config["stopping"]["target_retrieval"] = 0.5
    RunFolder.create(tmp_path, config, {}, verb="finetune")
    says = r"run\.json holds settings that are refused by now: stopping\.target_retrieval is 0\.5, "
    with pytest.raises(RunFolderError, match=says + r".*version that began the run can go on"):
        begun_with(FinetuneRun, tmp_path, verb="finetune")
