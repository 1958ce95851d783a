"""Observation modes show one and the same world in other people's words."""

import warnings
from dataclasses import replace
from typing import Any, cast

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import vla_sim
from vla_sim.envs.asking import words_of
from vla_sim.envs.faces.observation_modes import OBSERVATION_MODES
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.envs.faces.spaces import Prompt, decode_instruction
from vla_sim.envs.faces.vector_env import VlaVectorEnv
from vla_sim.envs.language.arms import ARMS
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.serving.contracts import LIBERO
from vla_sim.loop.serving.translation import Translation
from vla_sim.records.episode import Arm

assert vla_sim.__version__

STEPS = 12


def _episode(mode: str) -> list[tuple[Any, float]]:
    env = gymnasium.make("vla_sim/Lift-v1", obs_mode=mode)
    seen, _ = env.reset(seed=5)
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, float]] = [(seen, 0.0)]
    for _ in range(STEPS):
        seen, reward, *_ = env.step(rng.uniform(-1, 1, 7).astype(np.float32))
        rows.append((seen, float(reward)))
    return rows


@pytest.mark.parametrize("mode", OBSERVATION_MODES)
def test_every_mode_passes_gymnasiums_checker(mode: str) -> None:
    env = gymnasium.make("vla_sim/Reach-v1", obs_mode=mode)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*infinity.*")
        check_env(env.unwrapped)


def test_modes_change_names_and_nothing_of_what_happens() -> None:
    native, lerobot, libero = (_episode(mode) for mode in ("native", "lerobot", "libero"))
    for (a, reward), (b, other), (c, third) in zip(native, lerobot, libero, strict=True):
        assert reward == other == third
        assert np.array_equal(a["image"], b["pixels"]["main"])
        assert np.array_equal(a["image"], c["observation/image"])
        assert np.array_equal(a["proprio"], b["agent_pos"])
        assert decode_instruction(a["instruction"]) == c["prompt"]
        state = c["observation/state"]
        assert np.allclose(state[:3], a["proprio"][:3], atol=1e-6)
        assert np.linalg.norm(state[3:6]) == pytest.approx(np.pi, abs=0.7)  # about straight down
        assert state[6] == -state[7] >= 0.0
        assert c["observation/wrist_image"].std() > 5.0


def test_liberos_orientation_does_not_jump_where_the_tool_points_down() -> None:
    turns = np.array([seen["observation/state"][3:6] for seen, _ in _episode("libero")])
    assert np.abs(np.diff(turns, axis=0)).max() < 0.2


def test_libero_shows_the_state_of_its_contract_and_its_noise() -> None:
    env = gymnasium.make("vla_sim/Reach-v1", obs_mode="libero", axis="noise", severity=3)
    seen, _ = env.reset(seed=5)
    crank, only = cast(VlaEnv, env.unwrapped).crank, np.zeros(1, dtype=np.int64)
    looked = crank.observe(only)
    both = replace(looked, images={**looked.images, "wrist": crank.wrist.rgb(only)})
    told = crank.told(only, both)
    sent = Translation(LIBERO, crank.embodiment).message(told, 0)
    assert seen["observation/state"] == pytest.approx(sent["observation/state"], abs=1e-6)


def test_lerobot_finds_what_it_reads() -> None:
    env = gymnasium.make("vla_sim/DriveToGoal-v1", obs_mode="lerobot")
    seen, info = env.reset(seed=1)
    assert info["is_success"] is False
    assert seen["pixels"]["main"].dtype == np.uint8
    bare = cast(Any, env.unwrapped)
    assert bare.task_description == info["instruction"]
    assert bare.task == "vla_sim/DriveToGoal-v1"
    assert bare._max_episode_steps == 160
    assert env.metadata["render_fps"] == 10
    *_, info = env.step(np.zeros(2, dtype=np.float32))
    assert isinstance(info["is_success"], bool)


@pytest.mark.parametrize("mode", OBSERVATION_MODES)
def test_a_batch_shows_the_same_and_keeps_last_observations(mode: str) -> None:
    envs = cast(VlaVectorEnv, gymnasium.make_vec("vla_sim/Reach-v1", num_envs=2, obs_mode=mode))
    single = gymnasium.make("vla_sim/Reach-v1", obs_mode=mode)
    many, _ = envs.reset(seed=7)
    one, _ = single.reset(seed=8)
    assert _flat(one) == _flat(_row(many, 1))
    assert envs.call("task_description")[1] == cast(Any, single.unwrapped).task_description
    assert envs.call("task") == ("vla_sim/Reach-v1",) * 2
    with pytest.raises(UnknownName, match="no attribute 'colour'; there are"):
        envs.call("colour")
    for _ in range(200):
        many, _, terminated, truncated, info = envs.step(np.zeros((2, 7), dtype=np.float32))
        if (terminated | truncated).any():
            last = info["final_obs"][0]
            assert last.keys() == many.keys()
            assert _flat(last) != _flat(_row(many, 0))
            return
    pytest.fail("no episode ended")


def test_unknown_modes_and_robots_without_a_hand_are_named() -> None:
    with pytest.raises(UnknownName, match="'lerobot', 'libero', 'native'"):
        gymnasium.make("vla_sim/Reach-v1", obs_mode="droid")
    with pytest.raises(BadConfig, match="arms with a hand"):
        gymnasium.make("vla_sim/ChangeLane-v1", obs_mode="libero")


def test_prompts_come_through_shared_memory() -> None:
    def make(**kwargs: Any) -> Any:
        return gymnasium.make_vec(
            "vla_sim/Reach-v1", num_envs=2, obs_mode="libero", image_size=16, **kwargs
        )

    batch, apart = make(), make(vectorization_mode="async")
    action = np.zeros((2, 7), dtype=np.float32)
    try:
        for seed in (3, 30):
            expected, _ = batch.reset(seed=seed)
            seen, _ = apart.reset(seed=seed)
            assert seen["prompt"] == expected["prompt"] and all(expected["prompt"])
            assert apart.step(action)[0]["prompt"] == expected["prompt"]
            assert apart.single_observation_space["prompt"] == Prompt()
    finally:
        apart.close()


@pytest.mark.parametrize("arm", ARMS)
def test_the_prompt_space_holds_every_prompt(arm: Arm) -> None:
    space = Prompt()
    for task_id in ("vla_sim/PickPlace-v0", "vla_sim/OpenDrawerSides-v0"):
        task = make_task(task_id)
        for seed in range(40):
            spec = draw_spec(task_id, seed, arm=arm)
            _, told = words_of(task.sample(stream(task_id, seed, "scene")), spec)
            assert told.text in space, told.text


def _row(seen: Any, row: int) -> Any:
    if isinstance(seen, dict):
        return {key: _row(value, row) for key, value in seen.items()}
    return seen[row]


def _flat(seen: Any) -> list[bytes | str]:
    if isinstance(seen, dict):
        return [part for value in seen.values() for part in _flat(value)]
    return [seen if isinstance(seen, str) else seen.tobytes()]
