"""A detector from end to end: learnt, calibrated, written, measured, and at work below a film."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from tests.loop.untrained import PX, untrained_run
from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import own_seed
from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.eval.detection.detector import KINDS, TracedEpisode
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.choice import Choice
from vla_sim.loop.detecting import traces
from vla_sim.loop.detecting.detect import (
    DETECTOR_SEEDS_FROM,
    FILE,
    Detection,
    DetectRun,
    detect,
    load_detector,
    measured,
)
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.policies import policy_of
from vla_sim.loop.showing.film import FilmRun, film
from vla_sim.protocols.policy import Policy
from vla_sim.records.observation import PolicyInput
from vla_sim.records.signals import SIGNALS

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=PX)
N = 6
QUIET = Console(quiet=True)


class NowAndThen:
    """Repeats what an expert did under true words, and stands still in every third scene."""

    needs_images = False
    n_action_steps = 4

    def __init__(self, crank: Crank) -> None:
        expert = policy_of("expert", crank)
        seeds = [*range(DETECTOR_SEEDS_FROM, DETECTOR_SEEDS_FROM + 2 * N)]
        seeds += range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + N)
        plan = [planned_spec(REACH, seed) for seed in seeds if seed % 3]
        self._actions = {
            own_seed(REACH, episode.spec.seed): episode.actions
            for episode in run_all(Crank(REACH, 12, SMALL), expert, plan)
        }

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        out = np.zeros((len(told), self.n_action_steps, told.embodiment.n_act), dtype=np.float32)
        for row, seed, step in zip(out, told.own_seed.tolist(), told.step.tolist(), strict=True):
            done = self._actions.get(seed, out[0, :0])[step : step + self.n_action_steps]
            row[: len(done)] = done
        return out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Detection]:
    """A run folder with a detector in it, and what that was worth."""
    run = untrained_run(tmp_path_factory.mktemp("detect") / "run")
    with pytest.MonkeyPatch.context() as patch:
        policy = NowAndThen(Crank(REACH, 1, SMALL))

        def acting(choice: Choice, crank: Crank) -> Policy:
            return policy

        patch.setattr(traces, "policy_of", acting)
        asked = DetectRun(policy=str(run), tasks=("Reach",), episodes=N, alpha=0.2, crank=SMALL)
        return run, detect(asked, QUIET)


def test_a_detector_tells_who_stands_still_from_who_moves(made: tuple[Path, Detection]) -> None:
    run, found = made
    failure = found.auroc["failure at half the usual time"]
    assert failure.value > 0.6, "of a model that learnt nothing, but whose vectors move"
    assert failure.n == 2 * N  # true words and words in wording never trained on
    assert 0.0 <= found.false_alarms["failure"].value <= found.found["failure"].value
    assert found.lead_s is not None and found.lead_s > 0.0
    assert found.said
    assert all("Reach seed 100" in line for line in found.said)
    assert (run / FILE).is_file()


def test_a_detector_belongs_to_one_checkpoint(made: tuple[Path, Detection], tmp_path: Path) -> None:
    run, _ = made
    detector = load_detector(run / FILE, Choice(name=str(run)), "mujoco")
    assert set(detector.usual) == {REACH}
    other = untrained_run(tmp_path / "other", seed=12)
    with pytest.raises(DamagedFile, match="another checkpoint"):
        load_detector(run / FILE, Choice(name=str(other)), "mujoco")
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(DamagedFile, match="is no vla-sim detector"):
        load_detector(tmp_path / "no.json", Choice(name=str(run)), "mujoco")


@pytest.mark.parametrize(
    ("switches", "engine", "said"),
    [
        ({"guidance": 2.0}, "mujoco", "acts with guidance 2, shield off, mujoco"),
        ({"shield": "limits"}, "mujoco", "acts with shield limits, mujoco"),
        ({}, "pybullet", "acts with shield off, pybullet"),
    ],
)
def test_a_detector_belongs_to_one_way_of_acting(
    made: tuple[Path, Detection], switches: dict[str, Any], engine: str, said: str
) -> None:
    run, _ = made
    with pytest.raises(BadConfig, match=f"on a policy with shield off, mujoco, .* {said}; take"):
        load_detector(run / FILE, Choice(name=str(run), **switches), engine)


def test_without_an_alarm_there_is_no_lead(made: tuple[Path, Detection]) -> None:
    detector = load_detector(made[0] / FILE, Choice(name=str(made[0])), "mujoco")
    never = {kind: {REACH: np.inf} for kind in KINDS}
    deaf, rng = replace(detector, thresholds=never), np.random.default_rng(0)
    episodes = [
        TracedEpisode(
            task_id=REACH,
            scene=k,
            trace=rng.random((5, len(SIGNALS))),
            decision_s=0.1,
            duration_s=0.5,
            success=k % 2 == 0,
            mismatch=k < 2,
        )
        for k in range(8)
    ]
    found = measured(deaf, episodes)
    assert found.lead_s is None
    assert found.found["failure"].value == found.false_alarms["failure"].value == 0.0
    # Where all end alike there is no pair to put in order, and the rest is told all the same.
    alike = measured(deaf, [replace(e, success=True) for e in episodes])
    assert set(alike.auroc) == {"mismatch after 3 decisions"}


def test_a_film_shows_what_the_detector_says(made: tuple[Path, Detection], tmp_path: Path) -> None:
    run, _ = made
    path = tmp_path / "watched.png"
    asked = FilmRun(
        task="Reach", policy=str(run), detector=run / FILE, out=path, size=64, crank=SMALL
    )
    (watched,) = film(asked)
    (alone,) = film(FilmRun(task="Reach", policy=str(run), out=path, size=64, crank=SMALL))
    assert np.array_equal(watched.actions, alone.actions)
    with pytest.raises(UnknownName, match="task of the detector"):
        film(FilmRun(task="Lift", policy=str(run), detector=run / FILE, out=path, crank=SMALL))
    with pytest.raises(BadConfig, match="a detector watches an alignment run"):
        FilmRun(task="Reach", policy="expert", detector=run / FILE)


def test_scenes_that_cannot_be_enough_are_refused_before_any_is_run() -> None:
    wanted = r"^of each task, 8 scenes are too few to allow 10 % .* take 9 or more"
    with pytest.raises(BadConfig, match=wanted):
        DetectRun(policy="runs/none", tasks=("Reach",), episodes=8, alpha=0.1)
    with pytest.raises(BadConfig, match=r"100 scenes are too few to allow 0\.1 %"):
        DetectRun(policy="runs/none", alpha=0.001)
    DetectRun(policy="runs/none", tasks=("Reach",), episodes=9, alpha=0.1)


def test_an_engine_that_a_task_is_not_declared_for_is_refused_before_any_is_run() -> None:
    with pytest.raises(BadConfig, match="ChangeLane-v1 is not declared to run on pybullet"):
        DetectRun(policy="runs/none", crank=CrankConfig(engine="pybullet"))


class AlwaysStill(NowAndThen):
    """Never does anything, and so never succeeds."""

    def __init__(self) -> None:
        self._actions = {}


def test_who_never_succeeds_still_gets_a_detector_of_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = untrained_run(tmp_path / "run")
    monkeypatch.setattr(traces, "policy_of", lambda choice, crank: AlwaysStill())
    words = ["detect", "--policy", str(run), "--tasks", "Reach", "--episodes", str(N)]
    assert main([*words, "--alpha", "0.2", "--crank.image-size", str(PX)]) == 0
    said = capsys.readouterr()
    assert "nothing is known of failure" in said.out + said.err
    assert "AUROC, mismatch" in said.out + said.err
    assert "AUROC, failure" not in said.out + said.err
    assert (run / FILE).is_file()


def test_a_detector_that_is_not_there_is_named(
    made: tuple[Path, Detection], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.json"
    words = ["film", "Reach", "--policy", str(made[0]), "--detector", str(missing)]
    assert main([*words, "--out", str(tmp_path / "x.png")]) == 2
    assert "vla-sim detect" in capsys.readouterr().err
