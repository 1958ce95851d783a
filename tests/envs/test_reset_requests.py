"""What a reset asks for is a seed, a mask and options that mean something here."""

import copy
from typing import Any

import numpy as np
import pytest

from tests.envs.reaching import REACH, STILL, batch, single, state
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.envs.faces.vector_env import VlaVectorEnv
from vla_sim.envs.plan import draw_spec
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.episode import EpisodeSpec


@pytest.fixture(scope="module")
def envs() -> VlaVectorEnv:
    return batch()


@pytest.fixture(scope="module")
def env() -> VlaEnv:
    return single()


@pytest.mark.parametrize("seed", [np.int64(7), np.uint8(7), 7])
def test_a_seed_of_numpy_is_a_seed(seed: Any, env: VlaEnv, envs: VlaVectorEnv) -> None:
    env.reset(seed=seed)
    envs.reset(seed=seed)
    assert env.crank.specs[0] == draw_spec(REACH, 7) == draw_spec(REACH, seed)
    assert envs.crank.seed.tolist() == [7, 8, 9]
    envs.reset(seed=np.array([7, 3, 5]))
    assert envs.crank.seed.tolist() == [7, 3, 5]
    spec = envs.crank.specs[0]
    assert spec is not None and type(spec.seed) is int


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"goal": 1.5}, BadConfig, "goal is 1.5; use a whole number"),
        ({"n_instructions": 2.5}, BadConfig, "n_instructions is 2.5; use a whole number"),
        ({"n_instructions": None}, BadConfig, "n_instructions is None"),
        ({"manner": "fast"}, UnknownName, "no manner 'fast'.*'quickly'"),
    ],
)
def test_an_episode_that_nobody_could_run_is_refused_when_it_is_named(
    wrong: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        EpisodeSpec(**{"task_id": REACH, "seed": 0, "goal": 0, **wrong})


@pytest.mark.parametrize(
    "seed", [-1, 2**63, True, np.True_, 1.0, "7", np.float64(3.0), np.array(7)], ids=repr
)
def test_a_seed_that_is_none_is_refused_before_anything_moves(
    seed: Any, env: VlaEnv, envs: VlaVectorEnv
) -> None:
    env.reset(seed=1)
    envs.reset(seed=1)
    before = state(env.crank), state(envs.crank)
    for ask in (
        lambda: env.reset(seed=seed),
        lambda: envs.reset(seed=seed),
        lambda: draw_spec(REACH, seed),
        lambda: EpisodeSpec(task_id=REACH, seed=seed, goal=0),
    ):
        with pytest.raises(BadConfig, match=r"seed is .*; use a whole number from 0 to 2"):
            ask()
    with pytest.raises(BadConfig, match=r"seed\[1\] is .*; use a whole number"):
        envs.reset(seed=[4, seed, None])
    assert (state(env.crank), state(envs.crank)) == before
    one, many = env.reset()[0], envs.reset()[0]
    env.reset(seed=1), envs.reset(seed=1)
    np.testing.assert_array_equal(env.reset()[0]["image"], one["image"])  # generators untouched
    np.testing.assert_array_equal(envs.reset()[0]["image"], many["image"])


def test_seeds_that_do_not_fit_the_batch_are_refused(envs: VlaVectorEnv) -> None:
    envs.reset(seed=1)
    before = state(envs.crank)
    with pytest.raises(BadConfig, match="2 seeds were given to 3 simulations"):
        envs.reset(seed=[1, 2])
    with pytest.raises(BadConfig, match="0 seeds were given to 3 simulations"):
        envs.reset(seed=[])
    with pytest.raises(BadConfig, match="no room for 3 simulations"):
        envs.reset(seed=2**63 - 2)
    assert state(envs.crank) == before
    envs.reset(seed=2**63 - 3)
    assert envs.crank.seed.tolist() == [2**63 - 3, 2**63 - 2, 2**63 - 1]


def test_a_mask_restarts_what_it_chooses_and_nothing_else(envs: VlaVectorEnv) -> None:
    envs.reset(seed=40)
    for _ in range(4):
        before, *_ = envs.step(STILL + 0.3)
    before = copy.deepcopy(before)
    mask = np.array([False, True, False])
    options = {"reset_mask": mask}
    seen, info = envs.reset(seed=[None, 77, None], options=options)
    assert list(options) == ["reset_mask"]
    assert envs.crank.seed.tolist() == [40, 77, 42] and envs.crank.steps.tolist() == [4, 0, 4]
    assert info["_instruction"].tolist() == info["_is_success"].tolist() == mask.tolist()
    fresh = single()
    expected, told = fresh.reset(seed=77)
    assert info["instruction"][1] == told["instruction"]
    for key in seen:
        np.testing.assert_array_equal(seen[key][1], expected[key])
        np.testing.assert_array_equal(seen[key][[0, 2]], before[key][[0, 2]])
    spec = draw_spec(REACH, 5)
    envs.reset(options={"specs": [None, None, spec], "reset_mask": np.array([0, 0, 1], bool)})
    assert envs.crank.specs[2] == spec and envs.crank.seed.tolist() == [40, 77, 5]


_MANY = [draw_spec(REACH, seed) for seed in (1, 2, 3)]


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"spec": _MANY[0]}, BadConfig, "'spec': it is for a single environment; give .*'specs'"),
        ({"specs": []}, BadConfig, "0 episodes were given to 3"),
        ({"specs": _MANY[0]}, BadConfig, "'specs' is .*; give a list of 3"),
        ({"specs": [*_MANY[:2], None]}, BadConfig, r"'specs\[2\]' is None; give an EpisodeSpec"),
        (
            {"specs": [*_MANY[:2], draw_spec("vla_sim/Lift-v1", 1)]},
            BadConfig,
            "an episode of vla_sim/Lift-v1 was given to vla_sim/Reach-v1",
        ),
        ({"reset_mask": np.zeros(3, bool)}, BadConfig, "chooses no simulation"),
        ({"reset_mask": np.ones(2, bool)}, BadConfig, r"the shape \(2,\) .* give 3 bools"),
        ({"reset_mask": np.ones(3)}, BadConfig, "the type float64; give 3 bools"),
        ({"reset_mask": None}, BadConfig, "the type object; give 3 bools"),
        ({"mask": 1}, UnknownName, "no reset option 'mask'; there are 'reset_mask', 'specs'"),
        ([1], BadConfig, "give a dict of specs, reset_mask"),
    ],
)
def test_options_that_mean_nothing_to_a_batch_are_refused(
    options: Any, error: type[Exception], message: str, envs: VlaVectorEnv
) -> None:
    envs.reset(seed=1)
    before = state(envs.crank)
    with pytest.raises(error, match=message):
        envs.reset(options=options)
    assert state(envs.crank) == before


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"specs": _MANY[:1]}, BadConfig, "'specs': a list is for .*make_vec; give .*'spec'"),
        ({"reset_mask": np.ones(1, bool)}, BadConfig, "'reset_mask': it chooses among"),
        ({"spec": None}, BadConfig, "'spec' is None; give an EpisodeSpec"),
        ({"spec": 3}, BadConfig, "'spec' is 3; give an EpisodeSpec"),
        ({"spce": _MANY[0]}, UnknownName, "no reset option 'spce'.*did you mean 'spec'"),
    ],
)
def test_options_that_mean_nothing_to_one_environment_are_refused(
    options: Any, error: type[Exception], message: str, env: VlaEnv
) -> None:
    env.reset(seed=1)
    before = state(env.crank)
    with pytest.raises(error, match=message):
        env.reset(options=options)
    assert state(env.crank) == before
    env.reset(options={"spec": _MANY[1]})
    assert env.crank.specs == _MANY[1:2]
