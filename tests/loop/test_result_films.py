"""Episodes of a result are found again, filmed, reported and compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError, UnknownName
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import read_result, result_of, write_result
from vla_sim.loop.benching.spanning import AcrossRun, across
from vla_sim.loop.choice import Choice
from vla_sim.loop.showing.replay import ReplayRun, replay
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.loop.showing.result_films import chosen_places, replayed

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two policies, one with films."""
    at = tmp_path_factory.mktemp("results")
    run = BenchRun(
        policy="zero",
        tasks=("Reach",),
        arms=("correct", "empty"),
        episodes=6,
        gallery=0,
        n_processes=0,
        films=2,
        out=at / "zero",
    )
    bench(run, QUIET)
    bench(replace(run, policy="expert", arms=("correct",), films=0, out=at / "expert"), QUIET)
    return at


def test_failures_are_filmed_first_and_the_choice_is_fixed(place: Path) -> None:
    rows = read_result(place / "zero").rows
    mixed = [
        replace(row, failure="" if k % 2 else "collision", metrics={"success_at_end": float(k % 2)})
        for k, row in enumerate(rows)
    ]
    assert chosen_places(mixed, 4) == [0, 2, 4, 6]
    assert chosen_places(mixed, 99)[-1] == 11
    assert sorted(chosen_places(mixed, 99)) == list(range(12))
    films = sorted(path.name for path in (place / "zero" / "films").iterdir())
    assert films == ["00000.gif", "00001.gif", "sheet.png"]
    with Image.open(place / "zero" / "films" / "00000.gif") as film:
        assert getattr(film, "n_frames", 1) > 20


def test_films_are_added_to_a_finished_result(place: Path, tmp_path: Path) -> None:
    run = BenchRun(
        policy="expert",
        tasks=("Reach",),
        arms=("correct",),
        episodes=6,
        gallery=0,
        n_processes=0,
        films=1,
        resume=True,
        out=place / "expert",
    )
    before = (place / "expert" / "episodes.parquet").read_bytes()
    bench(run, QUIET)
    assert (place / "expert" / "films" / "00000.gif").is_file()
    assert (place / "expert" / "episodes.parquet").read_bytes() == before
    with pytest.raises(BadConfig, match="films takes a folder"):
        replace(run, resume=False, out=tmp_path / "x.json")
    with pytest.raises(BadConfig, match="of a whole result"):
        replace(run, shard="1/2")


def test_a_replay_is_the_episode_to_the_last_bit(place: Path, tmp_path: Path) -> None:
    run = ReplayRun(result=place / "zero", episode=7, out=tmp_path / "seven.png", size=64)
    row, one = replay(run)
    assert row == read_result(place / "zero").rows[7]
    assert one.differing == ()
    assert one.episode.n_steps == row.n_steps
    assert run.path.is_file()
    with pytest.raises(DamagedFile, match=r"did not come out as it was measured.*path_length_m"):
        replay(replace(run, policy="expert"))
    with pytest.raises(BadConfig, match="has 12, 0 to 11"):
        replay(replace(run, episode=12))
    with pytest.raises(RunFolderError, match="holds no result"):
        replay(replace(run, result=tmp_path))
    with pytest.raises(UnknownName, match="film format"):
        replace(run, out=tmp_path / "film.mp4")


def test_a_result_that_is_older_than_a_metric_is_replayed(place: Path, tmp_path: Path) -> None:
    read = read_result(place / "zero")
    older = [replace(row, metrics={**row.metrics, "time_s": np.nan}) for row in read.rows]
    write_result(tmp_path / "older", result_of(read.protocol, older, read.card), read.card)
    run = ReplayRun(result=tmp_path / "older", episode=7, out=tmp_path / "seven.png", size=64)
    assert replay(run)[1].differing == ()


def test_the_pictures_are_those_of_the_episode(place: Path) -> None:
    row = read_result(place / "expert").rows[0]
    (one,) = replayed(Choice(name="expert"), [row], BenchRun().crank, size_px=64)
    assert len(one.pictures) >= one.episode.n_steps
    assert not np.array_equal(one.pictures[0, :64], one.pictures[-1, :64])


@pytest.mark.parametrize(
    "choice",
    [
        Choice(name="expert"),
        Choice(name="runs/mine", proposals=4, guidance=1.5),
        Choice(name="runs/mine", ensemble=0.25),
        Choice(name="ws://127.0.0.1:8000", args=(("key", "x"), ("timeout_s", "9"))),
        Choice(name="pi.py:make", args=(("k", "a"),), contract="libero"),
        Choice(name="expert", shield="limits"),
        Choice(name="runs/mine", ensemble=0.25, shield="manner"),
        Choice(name="runs/mine (2)", shield="limits"),
        Choice(name="runs/mine", guidance=1.2345678, ensemble=0.12345678),
    ],
)
def test_who_was_measured_is_read_back(choice: Choice) -> None:
    assert Choice.read(str(choice)) == choice


def test_switches_and_shield_hold_where_the_policy_lies_now() -> None:
    measured = Choice(name="runs/mine", proposals=4, shield="limits")
    assert Choice.again(str(measured)) == measured
    assert Choice.again(str(measured), "elsewhere") == replace(measured, name="elsewhere")
    assert Choice.again("runs/a (nice, one)", "b") == Choice(name="b")
    with pytest.raises(BadConfig, match="4 proposals for the policy 'zero'"):
        Choice.again(str(measured), "zero")


def test_what_was_measured_under_a_shield_is_replayed_and_filmed_under_it(tmp_path: Path) -> None:
    run = BenchRun(
        policy="random",
        tasks=("DriveToGoal", "Reach"),
        arms=("correct",),
        episodes=1,
        gallery=0,
        n_processes=0,
        crank=CrankConfig(image_size=32, shield="limits"),
        films=1,
        out=tmp_path / "kept",
    )
    bench(run, QUIET)
    rows = read_result(tmp_path / "kept").rows
    assert max(row.n_shielded for row in rows) > 0
    again = ReplayRun(result=tmp_path / "kept", out=tmp_path / "kept.gif", size=48)
    films = []
    for place, row in enumerate(rows):
        # What the result says, and the same at another place.
        was, one = replay(replace(again, episode=place, policy=("", "random")[place]))
        assert was == row and one.differing == ()
        assert one.episode.n_shielded == row.n_shielded
        films.append(one)
    # The bar below the last picture is red where the shield acted.
    red = [(film.pictures[-1, -1] == (176, 42, 48)).all(axis=1).any() for film in films]
    assert red == [row.n_shielded > 0 for row in rows]
    numbers = across(AcrossRun(result=tmp_path / "kept", distances=True, n_slots=2), QUIET)
    assert all("expert_ade" in numbers[row.spec.task_id] for row in rows)


def test_what_cannot_be_read_back_is_asked_for() -> None:
    with pytest.raises(BadConfig, match="--policy NAME"):
        Choice.read("runs/a (nice, one)")


def test_results_stand_on_one_page_with_what_may_be_said(place: Path, tmp_path: Path) -> None:
    bench(
        BenchRun(
            policy="zero",
            tasks=("Reach",),
            arms=("correct",),
            episodes=6,
            gallery=0,
            n_processes=0,
            out=tmp_path / "still",
        ),
        QUIET,
    )
    out = tmp_path / "page.html"
    write_run_report(ReportRun(runs=(place / "expert", tmp_path / "still"), out=out), QUIET)
    assert "expert is better than still" in out.read_text(encoding="utf-8")
    write_run_report(ReportRun(runs=(place / "expert", place / "zero"), out=out), QUIET)
    refused = out.read_text(encoding="utf-8")
    assert "cannot be compared: arms" in refused
    assert "is better than" not in refused
    assert refused.count("data:image/gif;base64,") >= 2
    with pytest.raises(BadConfig, match="named twice"):
        write_run_report(ReportRun(runs=(place / "zero", place / "zero")), QUIET)
