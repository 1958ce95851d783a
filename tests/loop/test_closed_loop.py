"""The loop on a scale of seconds: it turns, stops, keeps the best, and resumes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from rich.console import Console

from vla_sim.errors import BadConfig, DamagedFile, RunFolderError, UnknownName
from vla_sim.eval.report_file import from_json
from vla_sim.loop.aligning import kept_memory
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.budget import Budget
from vla_sim.loop.collecting.collect import CollectRun, collect
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.resumption import begun_with
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.loop.showing.run_record import BENCH_FILE
from vla_sim.loop.showing.showcase import ShowcaseConfig
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.recipes import align as recipes

REACH = "vla_sim/Reach-v1"
STATIONS = StationConfig(n_slots=4)


def tiny(out: Path) -> AlignRun:
    return replace(
        recipes.glance(),
        out=out,
        tasks=("Reach",),
        simulators=STATIONS,
        max_updates=30,
        gallery_per_task=6,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return align(tiny(tmp_path_factory.mktemp("runs") / "one"), Monitor())


def test_a_run_leaves_everything_behind(run: RunFolder) -> None:
    reports = [from_json(row["report"]) for row in run.rows("reports.jsonl")]
    decisions = run.read_json("decisions.json")
    assert len(reports) == len(decisions) >= 1
    assert all(report.retrieval is not None for report in reports)
    best = best_checkpoint(run.path)
    assert best.is_dir() and LearnedModel.load(best)
    kept = [k for k, decision in enumerate(decisions) if decision["is_best"]][-1]
    assert best.name == f"step_{reports[kept].step:06d}"
    config = run.read_json("run.json")["config"]
    assert config["tasks"] == ["Reach"]
    losses = list(run.rows("losses.jsonl"))
    assert [row["step"] for row in losses] == sorted(row["step"] for row in losses)
    assert {"behaviour", "grounding", "goal"} <= losses[-1].keys()
    assert any("contrast_vl" in row for row in losses)


def test_a_budget_in_updates_is_kept_exactly(run: RunFolder) -> None:
    assert [row["step"] for row in run.rows("losses.jsonl")][-1] == 30
    assert [from_json(row["report"]).step for row in run.rows("reports.jsonl")][-1] == 30


def test_a_cap_says_what_it_cut() -> None:
    budget = Budget(100, max_seconds=1e-9)
    budget.spend(40)
    assert budget.left == 0
    assert "ended training after 40 of 100 steps" in budget.cut
    assert Budget(100).cut == "" and Budget(100).left == 100


def weights_of(checkpoint: Path) -> bytes:
    (path,) = checkpoint.glob("*.safetensors")
    return path.read_bytes()


@contextmanager
def a_busy_core() -> Iterator[None]:
    """Somebody else's process keeps a core busy meanwhile."""
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


def test_equal_seeds_and_updates_give_equal_runs_wherever_the_simulators_run(
    run: RunFolder, tmp_path: Path
) -> None:
    """And whether or not a kill before the first save let it begin again."""
    config = replace(tiny(tmp_path / "two"), n_processes=0)
    killed = RunFolder.create(config.out, to_json(config), {}, verb="align")
    killed.append("losses.jsonl", {"step": 25})
    (killed.path / "losses.jsonl").open("a").write('{"step": 50, "tot')
    with a_busy_core():
        again = align(replace(config, resume=True), Monitor())
    kept, kept_again = best_checkpoint(run.path), best_checkpoint(again.path)
    assert kept.name == kept_again.name
    assert weights_of(kept) == weights_of(kept_again)
    for one, other in zip(run.rows("losses.jsonl"), again.rows("losses.jsonl"), strict=True):
        clocks = ("elapsed_s", "waited_s")
        assert {k: v for k, v in one.items() if k not in clocks} == {
            k: v for k, v in other.items() if k not in clocks
        }


def test_a_bench_and_a_report_of_the_run(run: RunFolder) -> None:
    config = BenchRun(
        policy=str(run.path),
        tasks=("Reach",),
        episodes=2,
        arms=("correct", "swapped"),
        gallery=5,
        n_slots=1,  # so that both processes have something to do
        out=run.path / BENCH_FILE,
    )
    report = bench(config, Console(quiet=True))
    one = bench(replace(config, n_processes=0, n_slots=2, out=None), Console(quiet=True))
    assert report.tasks == one.tasks, "the result depends on how it was run"
    assert {task.arm for task in report.tasks} == {"correct", "swapped"}
    assert all(task.rates["success_at_end"].n == 2 for task in report.tasks)
    assert report.retrieval is not None and report.retrieval.gallery_size == 5
    page = write_run_report(
        ReportRun(runs=(run.path,), showcase=ShowcaseConfig(n_episodes=1)), Console(quiet=True)
    )
    text = page.read_text(encoding="utf-8")
    assert "Reach" in text and report.protocol in text


def test_a_learner_resumes_to_the_same_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its newest save that was whole: the next was killed with half of it on disk."""
    simulators = Simulators(SimulatorsConfig(task_ids=(REACH,), stations=STATIONS))
    harvest = simulators.collect(None, expert_share=1.0, n_rows=48)
    config = recipes.glance().learner

    def learner() -> Learner:
        made = Learner(config, image_size=64, seed=3, first_steps=harvest.steps)
        made.remember(harvest.steps, harvest.segments)
        return made

    straight, stopped = learner(), learner()
    straight.memory.attend_to({0: 0.5})
    stopped.memory.attend_to({0: 0.5})
    straight.learn(4, spent=0, budget=8)
    stopped.learn(4, spent=0, budget=8)
    stopped.save(tmp_path / "latest", {"budget": {"n_updates": 4}})
    stopped.remember({name: rows[:7] for name, rows in harvest.steps.items()}, None)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(f"{Learner.__module__}.save_checkpoint", Mock(side_effect=KeyboardInterrupt))
        stopped.save(tmp_path / "latest", {"budget": {"n_updates": 5}})
    assert len(list((tmp_path / "latest").glob("memory*"))) == 2
    resumed = Learner(config, image_size=64, seed=99, first_steps=harvest.steps)
    assert resumed.load(tmp_path / "latest") == {"budget": {"n_updates": 4}}
    assert resumed.memory.task_weights == {0: 0.8}
    for one, other in zip(
        straight.learn(4, spent=4, budget=8), resumed.learn(4, spent=4, budget=8), strict=True
    ):
        assert one == other
    for _ in range(2):
        resumed.save(tmp_path / "latest", {})
        assert list((tmp_path / "latest").glob("memory*")) == [
            kept_memory.place_of(tmp_path / "latest")
        ]


def heard(run: AlignRun) -> tuple[RunFolder, str]:
    """A run, and what it said."""
    console = Console(file=StringIO(), width=400)
    folder = align(run, Monitor(console))
    assert isinstance(console.file, StringIO)
    return folder, console.file.getvalue()


def forget(folder: RunFolder, *names: str) -> None:
    """Let a folder be of the time before there were some settings."""
    said = folder.read_json("run.json")
    for name in names:
        *groups, last = name.split(".")
        place = said["config"]
        for group in groups:
            place = place[group]
        del place[last]
    folder.write_json("run.json", said)


def test_a_run_trains_from_a_dataset_and_resumes(tmp_path: Path) -> None:
    """Of two tasks one is evaluated; the memory has room for some of the frames."""
    data = tmp_path / "data"
    collected = CollectRun(out=data, tasks=("Reach", "PressButton"), episodes=3, n_slots=3)
    collect(collected, Console(quiet=True))
    config = replace(tiny(tmp_path / "run"), data=data, data_memory="ring", max_updates=20)
    config = replace(config, n_processes=0)
    memory = replace(config.learner.memory, n_steps=100, batch_segments=64)
    config = replace(config, learner=replace(config.learner, memory=memory))
    folder, said = heard(config)
    assert "learnt from and not evaluated: PressButton" in said
    assert "100 of " in said and "Reach 50 of" in said and "PressButton 50 of" in said
    assert "meanings, each at most 2 times in a batch: batches of" in said
    losses = list(folder.rows("losses.jsonl"))
    assert any("contrast_vl" in row for row in losses), "few meanings, and nothing aligned"
    first = list(folder.rows("reports.jsonl"))
    with (folder.path / "losses.jsonl").open("a") as file:
        file.write('{"step": 2')  # as a kill leaves it
    begun = begun_with(AlignRun, folder.path, verb="align")
    forget(folder, "track", "learner.trainer.supervision", "simulators.clip_jitter")
    assert begun_with(AlignRun, folder.path, verb="align") == begun
    assert begun.data == data and begun.tasks == ("Reach",)
    with pytest.raises(RunFolderError, match=r"begun with seed = 0, not 1\."):
        align(replace(begun, resume=True, seed=1), Monitor())
    folder = align(replace(begun, resume=True, max_updates=40), Monitor())
    resumed = list(folder.rows("losses.jsonl"))
    assert resumed[: len(losses) - 1] == losses[: len(losses) - 1]
    assert resumed[-1]["step"] > losses[-1]["step"]
    reports = list(folder.rows("reports.jsonl"))
    assert reports[: len(first)] == first, "the first run's last evaluation counts as well"
    steps = [from_json(row["report"]).step for row in reports]
    assert steps == sorted(set(steps)) and len(steps) > len(first)
    decisions = folder.read_json("decisions.json")
    assert len(decisions) == len(reports)
    best = [row["checkpoint"] for row, d in zip(reports, decisions, strict=True) if d["is_best"]]
    assert folder.read_json("best.json")["checkpoint"] == best[-1]
    once_more, said = heard(replace(begun, resume=True, max_updates=40))
    assert once_more.path == folder.path
    assert "all 40 updates are done; a larger --max-updates goes on" in said
    assert list(folder.rows("reports.jsonl")) == reports


def test_a_dataset_that_has_no_room_in_memory_is_drawn_from_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    collected = CollectRun(out=data, tasks=("Reach", "PressButton"), episodes=3, n_slots=3)
    collect(collected, Console(quiet=True))
    config = replace(tiny(tmp_path / "run"), data=data, max_updates=10, n_processes=0)
    memory = replace(config.learner.memory, n_steps=100)
    folder, said = heard(replace(config, learner=replace(config.learner, memory=memory)))
    assert re.search(r"all \d+ step triples and \d+ segments are drawn from disk", said)
    assert "room for 100 and" in said and "are learnt from, evenly" not in said
    assert kept_memory.place_of(folder.path / "latest").stat().st_size < 2_000
    with pytest.raises(BadConfig, match='data_memory is "disk", and there is no dataset'):
        replace(config, data_memory="disk", data=None)


def test_a_folder_in_use_is_not_overwritten(run: RunFolder) -> None:
    with pytest.raises(RunFolderError, match=r"already holds .*; give another --out"):
        align(tiny(run.path), Monitor())


def test_bad_settings_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="max_updates is 0; use a whole number, 1 or more"):
        AlignRun(max_updates=0)
    with pytest.raises(BadConfig, match="max_seconds is -5"):
        AlignRun(max_seconds=-5)
    with pytest.raises(RunFolderError, match="holds no run"):
        align(replace(tiny(tmp_path), resume=True), Monitor())
    with pytest.raises(RunFolderError, match="there is no dataset of vla-sim"):
        align(replace(tiny(tmp_path / "x"), data=tmp_path / "nothing"), Monitor())
    assert not (tmp_path / "x").exists(), "the mended command finds its place taken"
    with pytest.raises(UnknownName, match="no task 'vla_sim/Fly-v0'"):
        SimulatorsConfig(task_ids=("vla_sim/Fly-v0",))
    with pytest.raises(UnknownName, match="no policy, and no folder, 'nobody'"):
        BenchRun(policy="nobody", episodes=1, tasks=("Reach",))
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "checkpoint.json").write_text("{not json")
    with pytest.raises(DamagedFile, match=r"checkpoint\.json"):
        LearnedModel.load(tmp_path / "checkpoint")


def test_texts_differ_from_draw_to_draw_but_not_from_seed_to_seed() -> None:
    from tests.meanings import MEANINGS
    from vla_sim.envs.language.codes import encode
    from vla_sim.loop.aligning.wording import draw_texts

    meanings = np.array([encode(meaning) for meaning in MEANINGS[:40]])
    one = draw_texts(meanings, np.random.default_rng(1))
    assert one == draw_texts(meanings, np.random.default_rng(1))
    assert one != draw_texts(meanings, np.random.default_rng(2))
