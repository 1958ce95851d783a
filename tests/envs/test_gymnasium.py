"""Both faces of the batch pass the checkers that users' tools rely on."""

import subprocess
import sys
import warnings
from typing import Any, cast

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3.common import env_checker as sb3

import vla_sim  # registers the tasks
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.envs.faces.spaces import INSTRUCTION_BYTES, decode_instruction, encode_instruction
from vla_sim.envs.faces.vector_env import VlaVectorEnv
from vla_sim.envs.registration import IDS
from vla_sim.errors import BadConfig

assert vla_sim.__version__


@pytest.mark.parametrize("task_id", IDS)
def test_gymnasium_and_sb3_find_nothing_wrong(task_id: str) -> None:
    env = gymnasium.make(task_id)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Unbounded proprioception is no mistake: positions and speeds have no natural bound.
        warnings.filterwarnings("ignore", message=".*infinity.*")
        check_env(env.unwrapped)
        sb3.check_env(env.unwrapped)


def test_the_single_env_is_the_batch_with_one() -> None:
    single = gymnasium.make("vla_sim/Lift-v1")
    batch = gymnasium.make_vec("vla_sim/Lift-v1", num_envs=3)
    one, _ = single.reset(seed=4)
    many, info = batch.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(10):
        for key in one:
            assert one[key].tobytes() == many[key][1].tobytes(), key
        action = rng.uniform(-1, 1, 7).astype(np.float32)
        one, reward, *_ = single.step(action)
        many, rewards, *_ = batch.step(np.stack([action * 0, action, action * 0]))
        assert reward == rewards[1]
    assert decode_instruction(many["instruction"][1]) == info["instruction"][1]


def test_autoreset_happens_in_the_same_step_and_keeps_the_last_observation() -> None:
    envs = cast(VlaVectorEnv, gymnasium.make_vec("vla_sim/ChangeLane-v1", num_envs=2))
    assert envs.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    envs.reset(seed=0)
    crash = np.tile(np.array([0.0, 1.0], dtype=np.float32), (2, 1))
    for _ in range(200):
        before = envs.crank.steps.copy()
        observations, _, terminated, truncated, info = envs.step(crash)
        done = terminated | truncated
        if done.any():
            slot = int(np.flatnonzero(done)[0])
            assert envs.crank.steps[slot] == 0 and before[slot] > 0
            last = info["final_obs"][slot]
            assert not np.array_equal(last["image"], observations["image"][slot])
            assert "violation/off_road" in info["final_info"]
            return
    pytest.fail("driving off the road ended no episode")


def test_equal_seeds_give_equal_episodes_and_reset_is_repeatable() -> None:
    env = gymnasium.make("vla_sim/DriveToGoal-v1")
    first, info = env.reset(seed=9)
    env.step(env.action_space.sample())
    second, again = env.reset(seed=9)
    assert info == again
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


def test_lerobot_finds_its_attributes() -> None:
    env = cast(VlaEnv, gymnasium.make("vla_sim/Reach-v1").unwrapped)
    _, info = env.reset(seed=0)
    assert env.task_description and env.task_description == info["instruction"]
    assert info["is_success"] is False
    assert env._max_episode_steps > 0 and env.metadata["render_fps"] == 20
    frame = env.render()
    assert frame is not None and frame.shape == (64, 64, 3)
    info = env.step(np.zeros(7, dtype=np.float32))[-1]
    assert {"is_success", "violation/collision", "reward/near"} <= info.keys()


def test_both_faces_can_leave_the_training_distribution() -> None:
    seen = {}
    for axis, severity in (("", 0), ("light", 2), ("renderer", 2)):
        single = VlaEnv("vla_sim/Reach-v1", axis=axis, severity=severity)
        vector = VlaVectorEnv("vla_sim/Reach-v1", 2, axis=axis, severity=severity)
        alone, _ = single.reset(seed=5)
        both, _ = vector.reset(seed=[5, 6])
        np.testing.assert_array_equal(both["image"][0], alone["image"])
        np.testing.assert_array_equal(both["proprio"][0], alone["proprio"])
        seen[axis] = alone["image"].tobytes()
        single.close()
        vector.close()
    assert len(set(seen.values())) == 3


def test_an_explicit_plan_is_run_as_it_is() -> None:
    envs = cast(VlaVectorEnv, gymnasium.make_vec("vla_sim/Reach-v1", num_envs=2))
    from vla_sim.envs.plan import draw_spec

    specs = [draw_spec("vla_sim/Reach-v1", seed, language="zh") for seed in (40, 41)]
    _, info = envs.reset(options={"specs": specs})
    assert envs.crank.specs == specs
    assert all(not text.isascii() for text in info["instruction"])
    with pytest.raises(BadConfig, match="1 episodes were given to 2"):
        envs.reset(options={"specs": specs[:1]})


def test_instructions_fit_their_bytes_and_come_back() -> None:
    for text in ("", "lift the red cube", "把红色方块拿起来"):
        assert decode_instruction(encode_instruction(text)) == text
    with pytest.raises(ValueError, match="exceeds"):
        encode_instruction("x" * (INSTRUCTION_BYTES + 1))


def test_importing_the_package_stays_light() -> None:
    code = "import sys, vla_sim; print([m for m in ('torch','mujoco','numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_single_env_types_are_pythons_own() -> None:
    env = gymnasium.make("vla_sim/Reach-v1")
    env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step(np.zeros(7, dtype=np.float32))
    values: tuple[Any, ...] = (reward, terminated, truncated, info["is_success"])
    assert [type(v) for v in values] == [float, bool, bool, bool]
