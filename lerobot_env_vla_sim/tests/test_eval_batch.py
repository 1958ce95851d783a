"""The batch that LeRobot turns from 0.6 on: one episode each, counted as the benchmark counts."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from lerobot_env_vla_sim.episode_env import ID
from lerobot_env_vla_sim.eval_batch import NEW_ROLLOUT, EvalBatch
from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.agents.controls import expert_policy
from vla_sim.envs.acting import Acting
from vla_sim.errors import BadAction, BadConfig, ResetNeeded, UnknownName
from vla_sim.loop.benching.bench_run import BenchRun

TASK = "vla_sim/Reach-v1"
ENGLISH = Scenes(languages=("en",))
SEEDS: list[int | None] = [10_000, 10_001, 10_002]


@pytest.fixture
def batch() -> EvalBatch:
    return EvalBatch(TASK, len(SEEDS), scenes=ENGLISH, image_size=32)


def experts_steps(batch: EvalBatch) -> NDArray[np.float32]:
    """What the expert does now in every simulation, (n, n_act)."""
    acting = Acting(expert_policy(TASK, batch.crank.task), batch.crank)
    ids = np.arange(batch.num_envs)
    acting.begin(ids)
    chunk = acting.chunk(ids, batch.crank.observe(ids, images=False))
    return np.asarray(chunk[:, 0], dtype=np.float32)


def test_a_simulation_runs_one_episode_and_then_waits(batch: EvalBatch) -> None:
    batch.reset(seed=SEEDS)
    specs = list(batch.crank.specs)
    held_before_its_end = False
    over = np.zeros(len(SEEDS), dtype=bool)
    while not over.all():
        actions = experts_steps(batch)
        actions[2] = 0.0  # the third episode is not solved
        _, reward, terminated, truncated, info = batch.step(actions)
        assert not reward[over].any()
        ended = (terminated | truncated) & ~over
        held_before_its_end |= bool((batch.crank.stages.held[~ended & ~over] > 0).any())
        assert not info["is_success"][~(over | ended)].any()
        assert ("final_info" in info) == ended.any()
        over |= ended
    assert held_before_its_end, "no moment here would have been mistaken for a success"
    assert info["is_success"].tolist() == [True, True, False]
    assert terminated.tolist() == [True, True, False]
    assert truncated.tolist() == [False, False, True]
    assert batch.crank.specs == specs, "nothing was started that nobody counts"
    _, reward, _, _, info = batch.step(np.ones((len(SEEDS), 7), dtype=np.float32))
    assert not reward.any()
    assert info["is_success"].tolist() == [True, True, False]


def test_it_is_the_batch_that_lerobot_makes_of_single_environments(batch: EvalBatch) -> None:
    arguments: dict[str, Any] = {"task_id": TASK, "scenes": ENGLISH, "image_size": 32}
    singles = SyncVectorEnv(
        [lambda: gymnasium.make(ID, **arguments)] * len(SEEDS),
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    ours, _ = batch.reset(seed=SEEDS, options={NEW_ROLLOUT: True})
    theirs, _ = singles.reset(seed=SEEDS)
    assert batch.call("task_description") == singles.call("task_description")
    assert batch.call("_max_episode_steps") == singles.call("_max_episode_steps")
    rng = np.random.default_rng(0)
    for _ in range(5):
        np.testing.assert_array_equal(ours["pixels"]["main"], theirs["pixels"]["main"])
        np.testing.assert_array_equal(ours["agent_pos"], theirs["agent_pos"])
        np.testing.assert_array_equal(batch.render(), singles.call("render"))
        actions = rng.uniform(-1, 1, (len(SEEDS), 7)).astype(np.float32)
        ours, our_reward, *_ = batch.step(actions)
        theirs, their_reward, *_ = singles.step(actions)
        np.testing.assert_array_equal(our_reward, their_reward)


def test_every_reset_gives_every_simulation_another_scene(batch: EvalBatch) -> None:
    seen = set()
    batch.reset(seed=5)
    for _ in range(3):
        batch.reset()
        seen |= set(batch.crank.seed.tolist())
    assert len(seen) == 3 * len(SEEDS)
    assert {spec.language for spec in batch.crank.specs if spec} == {"en"}


@pytest.mark.parametrize("languages", [("en",), ("zh",), ("en", "zh")])
def test_a_seed_is_the_episode_that_bench_runs_under_it(languages: Any) -> None:
    scenes = Scenes(languages=languages, axis="camera", severity=2)
    run = BenchRun(
        tasks=("Reach",),
        episodes=20,
        arms=("correct",),
        languages=languages,
        axis="camera",
        severity=2,
    )
    plan = run.measurement.plan[TASK]
    assert [scenes.spec(TASK, spec.seed) for spec in plan] == plan


def test_what_cannot_be_run_is_refused(batch: EvalBatch) -> None:
    with pytest.raises(ResetNeeded):
        batch.step(np.zeros((len(SEEDS), 7), dtype=np.float32))
    with pytest.raises(UnknownName, match="lerobot_new_role"):
        batch.reset(options={"lerobot_new_role": True})
    batch.reset(seed=SEEDS)
    with pytest.raises(BadAction, match="shape"):
        batch.step(np.zeros((1, 7), dtype=np.float32))
    with pytest.raises(BadConfig, match="languages"):
        Scenes(languages=())
    with pytest.raises(BadConfig, match="severity"):
        Scenes(languages=("en",), axis="camera")
