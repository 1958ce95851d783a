"""Both faces of the batch pass the checkers that users' tools rely on, and refuse what is wrong."""

import copy
import multiprocessing
import pickle
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from stable_baselines3.common import env_checker as sb3

import vla_sim  # registers the tasks
from tests.envs.reaching import REACH, STILL, batch, single
from tests.envs.spawned import first_instruction
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.envs.faces.spaces import INSTRUCTION_BYTES, decode_instruction, encode_instruction
from vla_sim.envs.faces.vector_env import VlaVectorEnv
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.registration import IDS
from vla_sim.errors import (
    BadAction,
    BadConfig,
    NotCopyable,
    ResetNeeded,
    UnknownAttribute,
    UnknownName,
)

assert vla_sim.__version__


@pytest.fixture(scope="module")
def envs() -> VlaVectorEnv:
    return batch()


@pytest.fixture(scope="module")
def env() -> VlaEnv:
    return single()


@pytest.mark.parametrize("task_id", IDS)
def test_gymnasium_and_sb3_find_nothing_wrong(task_id: str) -> None:
    env = gymnasium.make(task_id)
    assert env.spec is not None
    assert env.spec.max_episode_steps == cast(VlaEnv, env).crank.horizon_steps
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


def test_a_moment_of_one_episode_is_not_the_end_that_another_has(
    envs: VlaVectorEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    envs.reset(seed=0)
    step = envs.crank.step
    all_hold, one_ends = np.ones(3, dtype=bool), np.array([False, True, False])
    monkeypatch.setattr(
        envs.crank, "step", lambda a: replace(step(a), success=all_hold, terminated=one_ends)
    )
    *_, info = envs.step(STILL)
    assert info["is_success"].all()
    assert info["final_info"]["is_success"].tolist() == one_ends.tolist()


def test_equal_seeds_give_equal_episodes_and_reset_is_repeatable() -> None:
    env = gymnasium.make("vla_sim/DriveToGoal-v1")
    first, info = env.reset(seed=9)
    env.step(env.action_space.sample())
    second, again = env.reset(seed=9)
    assert data_equivalence(info, again)
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


def test_single_env_types_are_pythons_own() -> None:
    env = gymnasium.make("vla_sim/Reach-v1")
    env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step(np.zeros(7, dtype=np.float32))
    values: tuple[Any, ...] = (reward, terminated, truncated, info["is_success"])
    assert [type(v) for v in values] == [float, bool, bool, bool]


def test_a_batch_and_one_environment_can_be_cut_earlier() -> None:
    envs = batch(max_episode_steps=5)
    one = gymnasium.make(REACH, image_size=16, max_episode_steps=5)
    direct = VlaEnv(REACH, image_size=16, max_episode_steps=5)
    envs.reset(seed=1)
    one.reset(seed=1)
    direct.reset(seed=1)
    assert envs.call("_max_episode_steps") == (5, 5, 5)
    assert one.get_wrapper_attr("_max_episode_steps") == direct._max_episode_steps == 5
    assert [e.spec and e.spec.max_episode_steps for e in (envs, one)] == [5, 5]
    for k in range(1, 6):
        _, _, terminated, truncated, info = envs.step(STILL)
        alone = one.step(STILL[0])
        straight = direct.step(STILL[0])
        assert not terminated.any() and truncated.tolist() == [k == 5] * 3
        assert alone[2:4] == straight[2:4] == (False, k == 5)
        assert data_equivalence(alone[4], straight[4])
    assert info["final_info"].keys() >= {"is_success", "violation/collision", "reward/near"}
    assert envs.crank.steps.tolist() == [0, 0, 0]


@pytest.mark.parametrize("steps", [0, -2, 161, True, 2.5, "5"])
def test_limits_that_are_none_are_refused(steps: Any) -> None:
    with pytest.raises(BadConfig, match=r"max_episode_steps is .* can be cut at 1 to 160 steps"):
        batch(1, max_episode_steps=steps)


def test_the_horizon_is_told_and_no_limit_leaves_it(env: VlaEnv, envs: VlaVectorEnv) -> None:
    assert env.spec is not None and env.spec.max_episode_steps == 160 == env._max_episode_steps
    assert envs.spec is not None and envs.spec.max_episode_steps == 160
    assert envs.envs[1].spec == envs.spec
    for limit in (-1, 160, np.int64(160)):
        assert batch(1, max_episode_steps=limit).crank.horizon_steps == 160


@pytest.mark.parametrize("make", [VlaEnv, VlaVectorEnv])
@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"axis": "camera"}, "axis 'camera' has no severity"),
        ({"axis": "camera", "severity": 1.0}, r"severity 1\.0 of axis 'camera'"),
        ({"axis": "camera", "severity": True}, "severity True of axis 'camera'"),
        ({"image_size": "64"}, "image_size is '64'; use a whole number"),
        ({"image_size": (32, 48)}, r"image_size is \(32, 48\); pictures are square"),
        ({"obs_mode": None}, "no obs_mode None; there are"),
    ],
)
def test_what_is_no_setting_is_refused_by_name(
    make: Callable[..., Any], told: dict[str, Any], says: str
) -> None:
    with pytest.raises((BadConfig, UnknownName), match=says):
        make(REACH, **told)


@pytest.mark.parametrize("n", [0, -1, 2.0, "2", True])
def test_a_number_of_simulations_that_is_none_is_refused(n: Any) -> None:
    with pytest.raises(BadConfig, match="num_envs"):
        VlaVectorEnv(REACH, n)


@pytest.mark.parametrize("make", [VlaEnv, VlaVectorEnv])
@pytest.mark.parametrize("mode", ["human", 3, "rgb", True])
def test_only_render_modes_that_exist_are_taken(make: Callable[..., Any], mode: Any) -> None:
    with pytest.raises(UnknownName, match=f"no render_mode '{mode}'; there are .*'rgb_array'"):
        make(REACH, render_mode=mode)


def test_without_a_render_mode_there_is_no_picture() -> None:
    one, many = single(render_mode=None), batch(2, render_mode=None)
    one.reset(seed=1)
    many.reset(seed=1)
    assert one.render() is None and many.render() is None and many.call("render") == (None, None)


def test_tools_that_look_at_each_simulation_find_it(envs: VlaVectorEnv) -> None:
    _, info = envs.reset(seed=3)
    view = envs.envs[1]
    assert [e.task_description for e in envs.envs] == info["instruction"].tolist()
    assert envs.get_attr("task_description") == envs.call("task_description")
    assert view.task == REACH and view._max_episode_steps == 160
    assert view.metadata["render_fps"] == envs.metadata["render_fps"] == 20
    assert view.observation_space == envs.single_observation_space
    pictures = np.stack(envs.render() or ())
    assert np.array_equal(np.stack(envs.call("render")), pictures)
    for slot, each in enumerate(envs.envs):
        assert np.array_equal(cast(Any, each.render()), pictures[slot])
    assert envs.call("get_wrapper_attr", "task") == (REACH,) * 3
    assert len({type(e) for e in envs.envs}) == 1
    assert hasattr(view, "task_description") and not hasattr(view, "colour")
    for look in (envs.call, envs.get_attr):
        with pytest.raises(AttributeError, match=r"no attribute 'task_descripton'.*did you mean"):
            look("task_descripton")
    with pytest.raises(UnknownAttribute, match=r"there are .*'render'"):
        envs.call("colour")
    with pytest.raises(BadConfig, match=r"simulation 1 restarts with its batch: .*reset_mask"):
        view.reset(seed=1)
    with pytest.raises(BadConfig, match="turns with its batch"):
        view.step(STILL[0])


def test_what_a_user_notes_on_simulations_is_found_again(envs: VlaVectorEnv) -> None:
    envs.set_attr("note", ["a", "b", "c"])
    assert envs.get_attr("note") == ("a", "b", "c")
    envs.set_attr("note", 5)
    assert envs.get_attr("note") == (5, 5, 5)
    with pytest.raises(BadConfig, match="2 values were given to 3"):
        envs.set_attr("note", [1, 2])
    for name in ("task", "render_mode", "step"):
        with pytest.raises(BadConfig, match=f"'{name}' is the batch's"):
            envs.set_attr(name, 1)


def test_an_action_of_another_shape_is_refused_in_the_caller_s_words(env: VlaEnv) -> None:
    env.reset(seed=7)
    with pytest.raises(BadAction, match=r"an action of shape \(7,\), not \(3,\)"):
        env.step(np.zeros(3, dtype=np.float32))


def test_nothing_is_asked_before_the_first_episode() -> None:
    one, many = single(), batch()
    for ask in (
        lambda: one.step(STILL[0]),
        one.render,
        lambda: many.step(STILL),
        many.render,
        lambda: many.call("render"),
        many.envs[0].render,
        lambda: many.reset(options={"reset_mask": np.array([True, False, True])}),
    ):
        with pytest.raises(ResetNeeded, match="before the first episode: call reset"):
            ask()
    assert one.crank.steps[0] == 0 and not any(many.crank.specs)


def test_lerobot_finds_the_instruction_on_what_gymnasium_made() -> None:
    for checked in (None, True):
        env = cast(Any, gymnasium.make(REACH, obs_mode="lerobot", disable_env_checker=checked))
        assert hasattr(env, "task_description") and hasattr(env, "task")
        _, info = env.reset(seed=0)
        assert env.task_description == info["instruction"] != ""


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, pickle.dumps])
def test_running_physics_is_not_copied(
    copied: Callable[[Any], Any], env: VlaEnv, envs: VlaVectorEnv
) -> None:
    for what in (env, envs, Crank(REACH, 1, CrankConfig(image_size=16))):
        with pytest.raises(NotCopyable, match=r"make another.*the same episode"):
            copied(what)
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            copied(what)


def test_a_spawned_child_knows_the_ids_by_their_module() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(first_instruction, ("vla_sim:vla_sim/Reach-v1", 7))
    env = gymnasium.make("vla_sim:vla_sim/Reach-v1")
    assert env.reset(seed=7)[1]["instruction"] == told
