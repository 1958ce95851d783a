"""The report of a finetuning: before and after beside each other, or what is missing for that."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from tests.loop.untrained import PX, untrained_run
from vla_sim.cli.main import main
from vla_sim.envs.crank import CrankConfig
from vla_sim.eval.report.change import Pair
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.choice import Choice
from vla_sim.loop.rl.finetune import finetune
from vla_sim.loop.rl.rl_policy import ENCODER
from vla_sim.loop.run_folder import AFTER, BEFORE
from vla_sim.loop.showing import change_films
from vla_sim.loop.showing.change_films import Acted, chosen_pairs
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.loop.showing.result_films import Replayed
from vla_sim.loop.showing.showcase import ShowcaseConfig
from vla_sim.recipes.finetune import glance
from vla_sim.records.episode_row import EpisodeRow

QUIET = Console(quiet=True)
SMALL = CrankConfig(image_size=PX)


def measured(policy: str, out: Path, *, episodes: int = 6) -> None:
    run = BenchRun(
        policy=policy,
        tasks=("Reach",),
        arms=("correct",),
        episodes=episodes,
        gallery=0,
        n_processes=0,
        crank=SMALL,
        out=out,
    )
    bench(run, QUIET)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finetuning that learnt next to nothing, measured before and after."""
    at = tmp_path_factory.mktemp("practice")
    out, encoder = at / "run", untrained_run(at / "align")
    finetune(replace(glance(), out=out, encoder=encoder, episodes=0, crank=SMALL), QUIET)
    for name, policy in ((BEFORE, out / ENCODER), (AFTER, out)):
        shutil.rmtree(out / name, ignore_errors=True)
        measured(str(policy), out / name)
    return out


@pytest.fixture
def run(tuned: Path, tmp_path: Path) -> Path:
    """The same elsewhere: what the results say of their policies' places is no longer true."""
    return Path(shutil.copytree(tuned, tmp_path / "moved"))


def page_of(run: Path, n_scenes: int = 0) -> str:
    shown = ShowcaseConfig(n_episodes=1, n_failures=0, frame_every=20, n_scenes=n_scenes)
    path = write_run_report(ReportRun(runs=(run,), showcase=shown), QUIET)
    return path.read_text(encoding="utf-8")


def test_before_and_after_stand_beside_each_other_wherever_the_run_lies(run: Path) -> None:
    page = page_of(run, n_scenes=1)
    assert 'id="change"' in page and 'href="#change"' in page
    assert "after and before are not shown to differ" in page
    assert "Of 6 scenes, 0 that failed before succeed now" in page
    assert page.count('<figure id="change-') == 1 and ">not filmed<" not in page
    assert "Benchmark before" in page and "Benchmark after" in page
    assert '"names": ["before", "after"]' in page
    assert page.index('id="change"') < page.index('id="episodes"')
    assert "not compared" not in page


def test_the_two_can_be_compared_as_any_results(
    tuned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(tuned / BEFORE), str(tuned / AFTER)]) == 0
    assert "before and after are not shown to differ" in capsys.readouterr().out


@pytest.mark.parametrize("gone", [(AFTER,), (BEFORE, AFTER)])
def test_what_is_missing_is_said_and_the_curve_is_shown(run: Path, gone: tuple[str, ...]) -> None:
    for name in gone:
        shutil.rmtree(run / name)
    page = page_of(run)
    assert f"This run holds no measurement {' and '.join(gone)} practice" in page
    assert 'id="practice-success"' in page and 'id="change"' not in page


def test_a_measurement_that_is_not_finished_is_missing(run: Path) -> None:
    (run / AFTER / "report.json").unlink()
    assert "This run holds no measurement after practice" in page_of(run)


def test_a_film_of_something_else_is_not_shown_and_the_numbers_stand(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = cast(Replayed, SimpleNamespace(differing=("path_length_m", "progress")))
    monkeypatch.setattr(change_films, "replayed", lambda choice, rows, crank: [other] * len(rows))
    page = page_of(run, n_scenes=1)
    assert "does not act as it was measured" in page and "path_length_m, progress differ" in page
    assert ">not filmed<" in page and '<figure id="change-' not in page
    assert "after and before are not shown to differ" in page


def test_each_side_is_run_again_under_the_shield_that_it_was_measured_under() -> None:
    said = "runs/mine (2)/encoder (ensemble 0.25, shield limits)"
    acted = Acted(said=said, place=Path("moved"))
    assert acted.choice == Choice(name="moved", ensemble=0.25, shield="limits")


def test_measurements_that_do_not_fit_are_refused_on_the_page(run: Path) -> None:
    shutil.rmtree(run / AFTER)
    measured("zero", run / AFTER, episodes=2)
    page = page_of(run)
    assert "cannot be compared" in page and "not shown to differ" not in page


def test_scenes_that_changed_are_filmed_first(tuned: Path) -> None:
    row = read_result(tuned / AFTER).rows[0]

    def ended(seed: int, task_id: str, success: bool) -> EpisodeRow:
        spec = replace(row.spec, seed=seed, task_id=task_id)
        metrics = {**row.metrics, "success_at_end": float(success)}
        return replace(row, spec=spec, metrics=metrics)

    def pair(seed: int, was: bool, now: bool, task_id: str = "a") -> Pair:
        return ended(seed, task_id, was), ended(seed, task_id, now)

    pairs = [
        pair(0, True, True),
        pair(1, False, False),
        pair(2, False, True),
        pair(3, False, True),
        pair(4, True, False),
        pair(5, False, True, "b"),
    ]
    order = [now.spec.seed for _, now in chosen_pairs(pairs, 99)]
    assert order == [4, 5, 2, 3, 1, 0], "tasks in turn within a kind"
    assert [now.spec.seed for _, now in chosen_pairs(pairs, 2)] == order[:2]
    assert chosen_pairs(pairs, 0) == []
