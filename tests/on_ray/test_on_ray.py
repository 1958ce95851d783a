"""Actors of Ray give what processes give; run by `make test-ray`, where Ray is installed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import ray
from rich.console import Console

from tests.loop.results import bytes_of
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.errors import BadConfig
from vla_sim.loop.benching.bench import bench, bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.merging import MergeRun, merge
from vla_sim.loop.simulating.on_ray import ADDRESS, SimulatorsOnRay, cluster
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.simulating.worker import WorkerDied

QUIET = Console(quiet=True)
RUN = BenchRun(
    policy="random",
    tasks=("KeepLane", "ChangeLane"),
    episodes=4,
    arms=("correct", "swapped"),
    gallery=0,
    n_processes=2,
    n_slots=2,
    executor="ray",
)
CONFIG = SimulatorsConfig(
    task_ids=("vla_sim/KeepLane-v0",),
    stations=StationConfig(n_slots=2, crank=CrankConfig(image_size=16)),
)


@pytest.fixture(scope="module", autouse=True)
def connected() -> Iterator[None]:
    """One Ray for all tests: starting it takes seconds."""
    with cluster(2):
        yield


def test_any_number_of_actors_gives_the_bytes_of_the_calling_process(tmp_path: Path) -> None:
    here = replace(RUN, executor="processes", n_processes=0, out=tmp_path / "here")
    bench(here, QUIET)
    for n in (1, 2):
        bench(replace(RUN, n_processes=n, out=tmp_path / f"r{n}"), QUIET)
        assert bytes_of(tmp_path / f"r{n}") == bytes_of(tmp_path / "here")
    assert ray.is_initialized(), "a connection that was there is left alone"
    for k in (1, 2):
        part = replace(RUN, n_processes=1, shard=f"{k}/2", out=tmp_path / f"s{k}")
        bench_into(part, tmp_path / f"s{k}", QUIET)
    merge(MergeRun(shards=(tmp_path / "s1", tmp_path / "s2"), out=tmp_path / "m"))
    assert bytes_of(tmp_path / "m") == bytes_of(tmp_path / "here")


def test_a_policy_of_a_file_is_found_from_the_folder_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gone_policy.py").write_text(
        "class Gone:\n    needs_images = False\n    n_action_steps = 1\n\n"
        "    def chunk(self, told):\n        raise RuntimeError('gone fishing')\n"
    )
    simulators = SimulatorsOnRay(CONFIG)
    plan = {CONFIG.task_ids[0]: plan_episodes(CONFIG.task_ids[0], range(2))}
    with simulators:
        simulators.ask_evaluate("gone_policy.py:Gone", plan)
        assert all("gone fishing" in one.policy_failure for one in simulators.episodes())


def test_an_error_of_ours_comes_back_as_itself_and_the_actor_lives() -> None:
    task_id = CONFIG.task_ids[0]
    with SimulatorsOnRay(CONFIG) as simulators:
        bad = [replace(plan_episodes(task_id, [1])[0], n_instructions=9)]
        simulators.ask_evaluate("zero", {task_id: bad})
        with pytest.raises(BadConfig, match="9 instructions in one episode"):
            simulators.episodes()
        simulators.ask_evaluate("zero", {task_id: plan_episodes(task_id, [1])})
        assert len(simulators.episodes()) == 1


def test_an_actor_that_dies_is_said_and_not_waited_for() -> None:
    task_id = CONFIG.task_ids[0]
    with SimulatorsOnRay(CONFIG) as simulators:
        simulators.ask_evaluate("zero", {task_id: plan_episodes(task_id, range(64))})
        ray.kill(simulators._actor)
        until_s = time.monotonic() + 60
        while not simulators.ready(0.2):
            assert time.monotonic() < until_s
        with pytest.raises(WorkerDied, match="ended without an answer"):
            simulators.episodes()


def test_a_cluster_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ray.shutdown()
    monkeypatch.setenv(ADDRESS, "127.0.0.1:1")
    with pytest.raises(WorkerDied, match=r"RAY_ADDRESS=127\.0\.0\.1:1 is not to be"), cluster(1):
        pass
