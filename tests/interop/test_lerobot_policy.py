"""What LeRobot trained acts in `vla-sim bench` as LeRobot's own `select_action` does.

Run by `make test-lerobot`. `lerobot-train` trains for a few steps on what `vla-sim collect` wrote:
how good such a policy is says nothing, and nothing is said of it.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.envs.utils import preprocess_observation
from lerobot.policies.factory import get_policy_class, make_pre_post_processors
from lerobot.scripts.lerobot_train import main
from numpy.typing import NDArray
from rich.console import Console

from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import own_seed
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.eval.columns import values_of
from vla_sim.eval.rows import row_of
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.collecting.collect import CollectRun, collect
from vla_sim.loop.lerobot_policy import load_lerobot_policy
from vla_sim.records.episode import Episode
from vla_sim.records.observation import PICTURE

QUIET = Console(quiet=True)
TASK, TASK_ID = "DriveToGoal", "vla_sim/DriveToGoal-v1"
SIDE = 32
CRANK = CrankConfig(image_size=SIDE)
N_EPISODES = 3
TOLERANCE = 1e-6
KINDS = {
    "act": (
        "--policy.chunk_size=8",
        "--policy.n_action_steps=3",
        "--policy.dim_model=32",
        "--policy.n_heads=2",
        "--policy.dim_feedforward=64",
        "--policy.n_vae_encoder_layers=1",
    ),
    "diffusion": (
        "--policy.n_obs_steps=2",
        "--policy.horizon=8",
        "--policy.n_action_steps=3",
        "--policy.down_dims=[32,64]",
        "--policy.diffusion_step_embed_dim=16",
        "--policy.crop_shape=[28,28]",
        "--policy.num_inference_steps=2",
    ),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("collected")
    collect(CollectRun(out=root, tasks=(TASK,), episodes=3, n_slots=3, crank=CRANK), QUIET)
    return root / "ackermann_car"


@pytest.fixture(scope="module", params=KINDS)
def trained(
    request: pytest.FixtureRequest, dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder that `lerobot-train` wrote."""
    root = tmp_path_factory.mktemp("trained")
    arguments = [
        "--dataset.repo_id=ours",
        f"--dataset.root={dataset}",
        f"--policy.type={request.param}",
        "--policy.device=cpu",
        "--policy.push_to_hub=false",
        "--policy.pretrained_backbone_weights=null",
        *KINDS[request.param],
        "--steps=3",
        "--batch_size=4",
        "--num_workers=0",
        "--eval_freq=0",
        f"--output_dir={root / 'out'}",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["lerobot-train", *arguments])
        patch.setattr("datasets.config.HF_DATASETS_CACHE", root / "hf")
        main()
    yield root / "out" / "checkpoints" / "last" / "pretrained_model"


def episodes_of(folder: Path, run: BenchRun, *, n_slots: int) -> list[Episode]:
    crank = Crank(TASK_ID, n_slots, CRANK)
    policy = load_lerobot_policy(folder, crank)
    return run_all(crank, policy, run.measurement.plan[TASK_ID], keep_images=True)


def by_lerobot(folder: Path, episode: Episode) -> NDArray[np.float32]:
    """What LeRobot itself does, shown what the episode showed: (T, n_act)."""
    config = PreTrainedConfig.from_pretrained(folder)
    policy = get_policy_class(config.type).from_pretrained(folder, config=config)
    before, after = make_pre_post_processors(config, pretrained_path=str(folder))
    policy.reset()
    actions = []
    assert episode.images is not None
    seed = own_seed(TASK_ID, episode.spec.seed)
    for step in range(episode.n_steps):
        pixels = {PICTURE: episode.images[step : step + 1]}
        seen = preprocess_observation(
            {"pixels": pixels, "agent_pos": episode.proprio[step : step + 1]}
        )
        torch.manual_seed(int(np.random.default_rng([seed, step]).integers(2**63)))
        with torch.inference_mode():
            action = policy.select_action(before({**seen, "task": [episode.shown.text]}))
        actions.append(after(action)[0].numpy())
    acted: NDArray[np.float32] = np.clip(np.stack(actions), -1.0, 1.0)
    return acted


def bench_run(folder: Path, **settings: object) -> BenchRun:
    return BenchRun(
        policy=f"lerobot:{folder}",
        tasks=(TASK,),
        episodes=N_EPISODES,
        arms=("correct",),
        gallery=0,
        n_processes=0,
        n_slots=2,
        crank=CRANK,
        **settings,  # type: ignore[arg-type]
    )


def test_it_acts_as_select_action_does_and_bench_counts_that(trained: Path, tmp_path: Path) -> None:
    run = bench_run(trained, out=tmp_path / "result")
    episodes = episodes_of(trained, run, n_slots=2)
    assert len(episodes) == N_EPISODES
    for episode in episodes:
        theirs = by_lerobot(trained, episode)
        assert np.abs(theirs).max() > 0.0
        np.testing.assert_allclose(episode.actions, theirs, rtol=0.0, atol=TOLERANCE)
    bench(run, QUIET)
    body = run.measurement.bodies[TASK_ID]
    rows = read_result(tmp_path / "result").rows
    assert [values_of(row) for row in rows] == [values_of(row_of(e, body)) for e in episodes]


def test_an_episode_does_not_depend_on_the_batch(trained: Path) -> None:
    run = bench_run(trained)
    alone, together = (episodes_of(trained, run, n_slots=n) for n in (1, N_EPISODES))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.actions, other.actions)


@pytest.mark.parametrize("trained", ["act"], indirect=True)
def test_what_it_blends_of_its_chunks_is_blended_here(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "blending"
    shutil.copytree(trained, folder)
    said = json.loads((folder / "config.json").read_text())
    said |= {"temporal_ensemble_coeff": 0.01, "n_action_steps": 1}
    (folder / "config.json").write_text(json.dumps(said))
    run = bench_run(folder)
    for episode in episodes_of(folder, run, n_slots=2):
        theirs = by_lerobot(folder, episode)
        np.testing.assert_allclose(episode.actions, theirs, rtol=0.0, atol=TOLERANCE)


@pytest.mark.parametrize("trained", ["act"], indirect=True)
def test_what_was_trained_on_a_gpu_with_foreign_weights_runs_without_them(
    trained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(trained, folder)
    config, before = folder / "config.json", folder / "policy_preprocessor.json"
    said = json.loads(config.read_text())
    said |= {"device": "cuda", "pretrained_backbone_weights": "ResNet18_Weights.IMAGENET1K_V1"}
    config.write_text(json.dumps(said))
    assert '"device": "cpu"' in before.read_text()
    before.write_text(before.read_text().replace('"device": "cpu"', '"device": "cuda"'))
    run = bench_run(folder)
    here, there = (episodes_of(place, run, n_slots=1) for place in (folder, trained))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.actions, other.actions)


@pytest.mark.parametrize("trained", ["act"], indirect=True)
def test_what_does_not_fit_is_refused_with_both_sides(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"it wants \(3, 32, 32\), \(3, 48, 48\) is drawn"):
        load_lerobot_policy(trained, Crank(TASK_ID, 1, CrankConfig(image_size=48)))
    with pytest.raises(BadConfig, match=r"action: it gives .* takes 7 components"):
        load_lerobot_policy(trained, Crank("vla_sim/Reach-v1", 1, CRANK))
    with pytest.raises(DamagedFile, match="holds no policy that this LeRobot reads"):
        load_lerobot_policy(tmp_path, Crank(TASK_ID, 1, CRANK))
