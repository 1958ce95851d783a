"""The real `lerobot-eval` on our tasks has the success of `vla-sim bench` on the same seeds.

Run by `make test-lerobot`. The policy acts as an expert of the benchmark did wherever it is shown
the same to the last bit, and else not at all: equal success says that scenes, pictures, states,
words and actions are the same.
"""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import imageio
import pytest
from lerobot.scripts.lerobot_eval import main
from rich.console import Console

import remembered
from dozing_expert import DONE, DozingExpert
from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import run_all
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM

N_EPISODES = 6


@pytest.mark.parametrize("task", ["Lift", "DriveToGoal"])
def test_the_same_seeds_have_the_same_success_as_in_bench(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered.RECALLED.clear()
    run = BenchRun(
        policy="dozing_expert:DozingExpert",
        tasks=(task,),
        episodes=N_EPISODES,
        arms=("correct",),
        gallery=0,
        n_processes=0,
    )
    (row,) = bench(run, Console(quiet=True)).tasks
    (task_id,) = run.task_ids
    plan = run.measurement.plan[task_id]
    assert [spec.seed for spec in plan] == [BENCH_SEEDS_FROM + k for k in range(N_EPISODES)]
    DONE.clear()  # a benchmark tries a stranger's policy out first, on another scene
    episodes = run_all(Crank(task_id, 2), DozingExpert(task_id), plan)
    succeeded = [episode.success_at_end for episode in episodes]
    assert 0 < sum(succeeded) < N_EPISODES
    assert row.rates["success_at_end"].value == sum(succeeded) / N_EPISODES

    remembered.save(tmp_path / "policy", DONE)
    arguments = [
        f"--policy.path={tmp_path / 'policy'}",
        "--env.discover_packages_path=lerobot_env_vla_sim",
        "--env.type=vla_sim",
        f"--env.task={task}",
        f"--eval.n_episodes={N_EPISODES}",
        "--eval.batch_size=2",
        f"--seed={BENCH_SEEDS_FROM}",
        f"--output_dir={tmp_path / 'out'}",
    ]
    monkeypatch.setattr(sys, "argv", ["lerobot-eval", *arguments])
    main()
    info = json.loads((tmp_path / "out" / "eval_info.json").read_text())
    (told,) = info["per_task"]
    assert told["metrics"]["successes"] == succeeded
    assert info["overall"]["pc_success"] == pytest.approx(100 * sum(succeeded) / N_EPISODES)
    assert set(DONE) == remembered.RECALLED
    films = sorted(Path(path) for path in told["metrics"]["video_paths"])
    assert len(films) == N_EPISODES
    for film, episode in zip(films, episodes, strict=True):
        assert len(imageio.mimread(film)) == episode.n_steps, film


def test_lerobot_imports_plug_ins_by_the_name_of_their_distribution() -> None:
    assert distribution("lerobot_env_vla_sim").metadata["Name"] == "lerobot_env_vla_sim"
