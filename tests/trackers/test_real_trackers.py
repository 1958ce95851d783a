"""The real trackio and wandb hold the numbers that a run told them; run by `make test-trackers`.

Nothing leaves the machine: wandb works offline, trackio in a folder.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.trackers.wandb_file import read_run
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import tracking

WRITTEN_WITHIN_S = 60.0
TOLD: Mapping[int, Mapping[str, float]] = {
    0: {"train/total": 0.5},
    25: {"train/total": 0.25, "eval/Reach/success_at_end": 1.0},
    50: {"train/total": 1e-9},
}


@pytest.fixture(autouse=True)
def on_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for all: trackio reads where it is when it is imported."""
    root = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_DIR", str(root))
        patch.setenv("WANDB_SILENT", "true")
        patch.setenv("TRACKIO_DIR", str(root / "trackio"))
        yield root


def kept_by_trackio(project: str, run: str) -> dict[int, dict[str, float]]:
    from trackio.sqlite_storage import SQLiteStorage

    assert run in SQLiteStorage.get_runs(project)
    told: dict[int, dict[str, float]] = {}
    for row in SQLiteStorage.get_logs(project, run):
        told[row["step"]] = {k: v for k, v in row.items() if k not in ("step", "timestamp")}
    return told


def kept_by_wandb(root: Path, project: str, run: str) -> dict[int, dict[str, float]]:
    until_s = time.monotonic() + WRITTEN_WITHIN_S
    while True:
        found = [read_run(path) for path in root.glob("wandb/offline-run-*/run-*.wandb")]
        mine = [one for one in found if one and (one.project, one.name) == (project, run)]
        if mine:
            break
        assert time.monotonic() < until_s, f"no finished run {run!r} of {project!r}"
        time.sleep(0.1)
    (only,) = mine
    return {
        row["_step"]: {k: v for k, v in row.items() if not k.startswith("_")} for row in only.rows
    }


def kept(name: Any, root: Path, project: str, run: str) -> dict[int, dict[str, float]]:
    return kept_by_trackio(project, run) if name == "trackio" else kept_by_wandb(root, project, run)


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_each_row_is_kept_at_its_step(name: Any, tmp_path: Path, on_this_machine: Path) -> None:
    with tracking(name, tmp_path / "rows", project="vla-sim-align") as one:
        for step, numbers in TOLD.items():
            one.log(numbers, step)
    assert kept(name, on_this_machine, "vla-sim-align", "rows") == TOLD


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_a_benchmark_is_kept_with_all_its_rates(
    name: Any, tmp_path: Path, on_this_machine: Path
) -> None:
    run = BenchRun(
        policy="zero",
        tasks=("KeepLane",),
        arms=("correct", "empty"),
        episodes=1,
        gallery=0,
        n_processes=0,
        track=name,
        out=tmp_path / f"bench-{name}",
    )
    report = bench(run, Console(quiet=True))
    told = kept(name, on_this_machine, "vla-sim-bench", f"bench-{name}")
    assert told == {0: numbers_of(report, under="bench")}
