"""Suites name tasks that exist, and are cut into runs under one protocol each."""

from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from rich.console import Console

from vla_sim.cli.bench import show
from vla_sim.cli.main import main
from vla_sim.envs.axes import AXES
from vla_sim.envs.suites import (
    CHAINS,
    CORE,
    CORE_ARM,
    CORE_CAR,
    SPINE,
    SUITES,
    VARIANTS,
    parts_of,
    tasks_of,
)
from vla_sim.envs.tasks import ENGINE_TASKS, TASK_IDS, TASKS
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.report_file import from_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.gap import GapRun
from vla_sim.loop.benching.parts import parts
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.physics import engines
from vla_sim.recipes.bench import RECIPES


def test_one_name_is_not_taken_for_its_letters() -> None:
    with pytest.raises(BadConfig, match=r"'Reach' is one; write \('Reach',\)"):
        tasks_of("Reach")


def test_the_core_has_every_kind_of_task_once_and_the_rest_are_variants() -> None:
    kinds = [type(TASKS[task_id]) for task_id in CORE]
    assert len(CORE_ARM) == 12
    assert len(CORE_CAR) == 10
    assert len(set(kinds)) == len(kinds) == 22
    assert set(kinds) == {type(config) for config in TASKS.values()}
    assert set(CORE) | set(VARIANTS) == set(TASK_IDS)
    for task_id in CORE:
        variants = [t for t in TASK_IDS if type(TASKS[t]) is type(TASKS[task_id])]
        assert len(variants) >= 2, f"{task_id} has no variant"


def test_tasks_and_suites_are_named_alike_each_task_once() -> None:
    assert tasks_of(["core"]) == CORE
    assert tasks_of(["Core-Arm", "reach", "vla_sim/Park-v0"]) == (*CORE_ARM, "vla_sim/Park-v0")
    assert AlignRun(tasks=("spine", "Park")).task_ids == (*SPINE, "vla_sim/Park-v0")
    assert CollectRun(tasks=("core-car",)).task_ids == BenchRun(tasks=("core-car",)).task_ids
    with pytest.raises(UnknownName, match="no task 'cora'; did you mean 'core'"):
        tasks_of(["cora"])
    for name in ("long", "ood-light"):
        with pytest.raises(BadConfig, match=f"more than a list of tasks: .* `vla-sim bench {name}"):
            tasks_of([name])


def test_a_gap_takes_of_a_suite_what_both_engines_run() -> None:
    assert GapRun(tasks=("core",)).task_ids == tuple(
        task_id for task_id in CORE if task_id in ENGINE_TASKS["pybullet"]
    )
    with pytest.raises(BadConfig, match="Park-v0 is not declared to run on pybullet"):
        GapRun(tasks=("Park",))


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_is_made_of_known_rows_and_has_a_recipe(name: str) -> None:
    for row in SUITES[name]:
        assert row.task_id in TASKS
        assert not row.axis or row.axis in AXES
    made = parts(RECIPES[name]())
    assert sum(len(part.tasks) for part in made) == len(SUITES[name])
    assert len(made) == len(parts_of(name))


def test_severities_of_an_axis_are_parts_with_files_of_their_own() -> None:
    run = replace(RECIPES["ood-camera"](), out=Path("camera.json"))
    made = parts(run)
    assert [part.severity for part in made] == [1, 2, 3]
    assert [str(part.out) for part in made] == [f"camera-camera-{k}.json" for k in (1, 2, 3)]
    assert parts(replace(run, tasks=("Reach",)))[0].tasks == ("vla_sim/Reach-v1",)


def test_chains_count_what_was_completed(tmp_path: Path) -> None:
    run = replace(RECIPES["long"](), tasks=("PressButton",), episodes=2, out=tmp_path / "a.json")
    (part,) = parts(run)
    assert part.n_instructions == CHAINS["PressButton"] == 5
    report = bench(replace(part, n_processes=0), Console(quiet=True))
    assert report.tasks[0].means["instructions_completed"].value == 5.0
    assert part.out is not None
    assert from_json(part.out.read_text()).protocol == report.protocol


def test_bench_takes_a_suite_and_refuses_what_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["bench", "ood-light", "--tasks", "Reach", "--episodes", "1", "--arms", "correct"]
    assert main([*argv, "--n-processes", "0"]) == 0
    shown = capsys.readouterr().out
    assert all(f"axis light, severity {k}" in shown for k in (1, 2, 3))
    with pytest.raises(UnknownName, match="suite"):
        BenchRun(suite="everything")
    with pytest.raises(BadConfig, match="has no Reach; it has ChangeLane, "):
        parts(BenchRun(suite="core-car", tasks=("Reach",)))


def test_a_suite_that_cannot_be_measured_to_its_end_is_refused_before_it_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pybullet(package: str) -> str:
        if package == "pybullet":
            raise PackageNotFoundError(package)
        return "1"

    monkeypatch.setattr(engines, "version", without_pybullet)
    argv = ["bench", "ood-engine", "--policy", "zero", "--tasks", "Reach", "--episodes", "1"]
    assert main([*argv, "--arms", "correct", "--n-processes", "0"]) == 2
    told = capsys.readouterr()
    assert "the engine 'pybullet' is not installed" in told.out + told.err
    assert "severity 1" not in told.out, "parts that could run are not run for nothing"


def test_a_suite_is_not_told_the_axis_that_it_decides() -> None:
    for name in ("core", "ood-camera"):
        with pytest.raises(BadConfig, match="decides axis, severity"):
            replace(RECIPES[name](), axis="camera", severity=2)
    with pytest.raises(BadConfig, match="decides axis"):
        replace(RECIPES["long"](), n_instructions=2)


def test_tables_of_a_bench_do_not_break_names() -> None:
    run = BenchRun(
        tasks=("YieldToPedestrian",), episodes=1, arms=("correct",), gallery=0, n_processes=0
    )
    report = bench(run, Console(quiet=True))
    console = Console(width=80)
    for n, chained in ((1, False), (5, True)):
        with console.capture() as capture:
            show(report, console, n_instructions=n)
        shown = capture.get()
        assert shown.count("YieldToPedestrian") == 2
        assert "[s]" in shown
        assert ("of 5" in shown) == chained
