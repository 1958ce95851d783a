"""The batch keeps stable-baselines3's conventions, and loses no step and no episode."""

import copy
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecTransposeImage

from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_pictures import PictureObserver
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_sight import Seen
from vla_sim.agents.rl_slots import SlotsConfig, SlotVecEnv
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.faces.spaces import decode_instruction
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.errors import BadConfig, DamagedFile, NotCopyable, ResetNeeded, UnknownName
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=16)
DENSE = RewardConfig(kind="dense")
AT_THE_END = replace(ReachConfig(), horizon_s=4.0, hold_steps=0)
"""A task of somebody's own."""


class Blind:
    """Sees proprioception and the clock."""

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        return spaces.Box(-np.inf, np.inf, (body.n_proprio + 1,), np.float32)

    def see(self, told: PolicyInput) -> Seen:
        return np.column_stack((told.observation.proprio, told.step)).astype(np.float32)


def slots(n: int = 3, observer: Any = None, **config: Any) -> SlotVecEnv:
    settings = SlotsConfig(**config)
    return SlotVecEnv(Crank(REACH, n, SMALL), observer or Blind(), settings, reward=DENSE)


def zeros(env: SlotVecEnv) -> NDArray[np.float32]:
    return np.zeros((env.num_envs, 7), dtype=np.float32)


def expert_actions(env: SlotVecEnv) -> NDArray[np.float32]:
    crank = env.crank
    expert = ExpertPolicy(expert_for(REACH, crank.embodiment, crank.task.manners))
    ids = np.arange(crank.n)
    return expert.teach(crank.known(ids, crank.observe(ids, images=False)))[:, 0]


def test_observations_fill_the_space_and_types_are_python_s() -> None:
    env = slots()
    seen = env.reset()
    assert isinstance(seen, np.ndarray) and seen.dtype == np.float32
    assert env.observation_space.contains(seen[0])
    seen, reward, done, infos = env.step(zeros(env))
    assert isinstance(seen, np.ndarray) and seen.shape == (3, *(env.observation_space.shape or ()))
    assert reward.dtype == np.float32 and reward.shape == (3,)
    assert done.dtype == np.bool_ and done.shape == (3,)
    for info in infos:
        assert type(info["is_success"]) is bool and type(info["TimeLimit.truncated"]) is bool
        assert "terminal_observation" not in info and "episode" not in info


def test_the_horizon_truncates_and_the_next_episode_begins_in_the_same_step() -> None:
    env = slots(2, action_repeat=2)
    env.reset()
    begun = env.crank.seed.copy()
    for k in range(1, 80):
        _, _, done, _ = env.step(zeros(env))
        assert not done.any(), k
    seen, _, done, infos = env.step(zeros(env))
    assert done.all()
    assert isinstance(seen, np.ndarray)
    for slot, info in enumerate(infos):
        assert info["TimeLimit.truncated"] and not info["is_success"]
        assert info["terminal_observation"][-1] == 160 and seen[slot, -1] == 0
        assert info["episode"]["l"] == 160 and type(info["episode"]["r"]) is float
    assert (env.crank.seed == begun + 2).all()
    assert (env.n_begun, env.n_ended) == (4, 2)


def test_held_success_terminates_and_earns_what_standing_there_for_ever_would() -> None:
    env = slots(3, action_repeat=1, gamma=0.9)
    env.reset()
    ended = 0
    while ended < 4:
        _, reward, done, infos = env.step(expert_actions(env))
        for slot, info in enumerate(infos):
            if done[slot]:
                ended += 1
                assert info["is_success"] and not info["TimeLimit.truncated"]
                assert 1.0 < reward[slot] <= 1.1
            else:
                assert 0.0 <= reward[slot] <= 0.1


def test_success_that_is_read_at_the_end_is_paid_there_and_nothing_comes_after_it() -> None:
    crank = Crank(f"{__name__}:AT_THE_END", 2, SMALL)
    env = SlotVecEnv(crank, Blind(), SlotsConfig(action_repeat=1), reward=RewardConfig())
    env.reset()
    done, paid = np.zeros(2, dtype=np.bool_), np.zeros(2)
    while not done.any():
        assert not paid.any(), "standing on the goal before the end earns nothing"
        actions = expert_actions(env)
        actions[1] = 0.0
        _, paid, done, infos = env.step(actions)
    assert done.all()
    assert paid.tolist() == [1.0, 0.0]
    assert [info["is_success"] for info in infos] == [True, False]
    assert not any(info["TimeLimit.truncated"] for info in infos), "the task is over, not cut short"


def test_what_happens_after_the_end_within_an_action_is_not_rewarded() -> None:
    paid = []
    for repeat in (160, 160 * 2):
        env = slots(1, action_repeat=repeat)
        env.reset()
        _, reward, done, infos = env.step(zeros(env))
        assert done[0] and infos[0]["TimeLimit.truncated"] and infos[0]["episode"]["l"] == 160
        paid.append(reward[0])
    assert 0.0 < paid[0] == paid[1] < 1.0


def test_seeds_given_are_used_once_and_training_seeds_are_fresh() -> None:
    env = slots(3)
    env.seed(7)
    env.reset()
    assert env.crank.seed.tolist() == [7, 8, 9]
    env.reset()
    assert env.crank.seed.tolist() == [TRAIN_SEEDS_FROM + k for k in range(3)]
    other = SlotVecEnv(Crank(REACH, 2, SMALL), Blind(), block=1)
    other.reset()
    assert other.crank.seed.tolist() == [2 * TRAIN_SEEDS_FROM, 2 * TRAIN_SEEDS_FROM + 1]


def test_equal_seeds_give_equal_steps_in_any_slot() -> None:
    one, three = slots(1), slots(3)
    one.seed(5)
    three.seed(4)  # slot 1 gets 5
    assert np.array_equal(np.asarray(one.reset())[0], np.asarray(three.reset())[1])
    action = np.full((3, 7), 0.3, dtype=np.float32)
    for _ in range(5):
        alone, reward, *_ = one.step(action[:1])
        among, rewards, *_ = three.step(action)
        assert np.array_equal(np.asarray(alone)[0], np.asarray(among)[1])
        assert reward[0] == rewards[1]


def test_pictures_come_as_from_gymnasium_and_take_sb3_s_wrapper() -> None:
    env = slots(2, PictureObserver())
    wrapped = VecTransposeImage(env)
    seen = wrapped.reset()
    assert isinstance(seen, dict) and seen["image"].shape == (2, 3, 16, 16)
    word = env.crank.shown[1]
    assert word is not None and decode_instruction(seen["instruction"][1]) == word.text
    for _ in range(79):
        wrapped.step(zeros(env))
    fresh, _, done, infos = wrapped.step(zeros(env))
    assert done.all() and isinstance(fresh, dict)
    last = infos[0]["terminal_observation"]["image"]
    assert last.shape == (3, 16, 16) and not np.array_equal(last, fresh["image"][0])


def test_slots_have_nothing_of_their_own() -> None:
    env = slots(2)
    assert env.get_attr("num_envs") == [2, 2]
    assert env.env_is_wrapped(object, indices=[0]) == [False]  # type: ignore[arg-type]  # any class
    with pytest.raises(BadConfig, match="set it on the batch"):
        env.set_attr("speed", 1)
    with pytest.raises(BadConfig, match="call the batch's"):
        env.env_method("jump")


@pytest.mark.parametrize("wrong", [{"action_repeat": 0}, {"gamma": 1.0}, {"gamma": -0.1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(BadConfig, match=rf"{name} is .*; use"):
        SlotsConfig(**wrong)


def test_seeds_and_options_that_mean_nothing_are_refused() -> None:
    env = slots(2)
    env.reset()
    begun = env.crank.seed.copy()
    wrong: tuple[Any, ...] = (-1, 2**63, True, 1.5)
    for seed in wrong:
        with pytest.raises(BadConfig, match=r"seed is .*use a whole number"):
            env.seed(seed)
    with pytest.raises(BadConfig, match="no room for 2"):
        env.seed(2**63 - 1)
    with pytest.raises(UnknownName, match=r"no reset option 'sepc'.*did you mean 'spec'"):
        env.set_options({"sepc": 1})
    with pytest.raises(BadConfig, match="1 options were given to 2 slots"):
        env.set_options([{}])
    assert env.crank.seed.tolist() == begun.tolist()
    assert env.seed(cast(int, np.int64(7))) == [7, 8]
    env.reset()
    assert env.crank.seed.tolist() == [7, 8]
    env.seed(None)
    env.reset()
    assert (env.crank.seed >= TRAIN_SEEDS_FROM).all()


def test_options_choose_the_episodes_of_one_reset() -> None:
    env = slots(2)
    spec = draw_spec(REACH, 5)
    env.set_options([{"spec": spec}, {}])
    env.reset()
    assert env.crank.specs[0] == spec and env.crank.seed[1] == TRAIN_SEEDS_FROM
    env.reset()
    assert env.crank.seed.tolist() == [TRAIN_SEEDS_FROM + 1, TRAIN_SEEDS_FROM + 2]


def test_slots_are_not_stepped_before_they_begin_nor_copied() -> None:
    env = slots(1)
    with pytest.raises(ResetNeeded, match=r"step.*call reset"):
        env.step(zeros(env))
    with pytest.raises(ResetNeeded, match=r"render.*call reset"):
        env.render()
    with pytest.raises(NotCopyable, match="make another, SlotVecEnv"):
        copy.deepcopy(env)
    with pytest.raises(AttributeError, match="colour"):
        env.get_attr("colour")


def test_slots_that_fly_again_are_where_they_were_and_go_on_alike() -> None:
    rng = np.random.default_rng(3)
    env = slots(3, action_repeat=4)
    env.reset()
    while len(set(env.flight.state.count.tolist())) < 3:
        env.step(expert_actions(env))
    for _ in range(5):
        seen, *_ = env.step(rng.uniform(-1, 1, (3, 7)).astype(np.float32))
    state = env.flight.state
    assert env.n_ended > 0
    other = slots(3, action_repeat=4)
    assert np.array_equal(np.asarray(other.fly_again(state)), np.asarray(seen))
    other.n_begun = env.n_begun
    for _ in range(40):
        action = rng.uniform(-1, 1, (3, 7)).astype(np.float32)
        ours, theirs = env.step(action), other.step(action)
        assert np.array_equal(np.asarray(ours[0]), np.asarray(theirs[0]))
        assert np.array_equal(ours[1], theirs[1])
        assert [info.get("episode") for info in ours[3]] == [i.get("episode") for i in theirs[3]]
    with pytest.raises(DamagedFile, match="2 slots with actions of 7"):
        slots(2).fly_again(state)


def test_a_decision_s_reward_is_that_of_its_steps_discounted() -> None:
    one, two = slots(1, action_repeat=1, gamma=0.9), slots(1, action_repeat=2, gamma=0.9)
    assert one.config.discount == 0.9 and two.config.discount == pytest.approx(0.81)
    for env in (one, two):
        env.seed(5)
        env.reset()
    first, second = (float(one.step(zeros(one))[1][0]) for _ in range(2))
    assert float(two.step(zeros(two))[1][0]) == pytest.approx(first + 0.9 * second)


def test_shaping_adds_the_potential_s_difference_and_nothing_over_an_episode() -> None:
    class Clock:
        def reset(self, ids: NDArray[np.int64]) -> None:
            pass

        def potential(self, told: PolicyInput) -> NDArray[np.float32]:
            return (told.step / 160).astype(np.float32)

    plain = slots(1, action_repeat=40, gamma=0.99)
    shaped = SlotVecEnv(
        Crank(REACH, 1, SMALL),
        Blind(),
        plain.config,
        reward=replace(DENSE, shaping=0.5),
        potential=Clock(),
    )
    for env in (plain, shaped):
        env.seed(5)
        env.reset()
    more, discount = 0.0, plain.config.discount
    for k in range(4):
        paid, base = (float(env.step(zeros(env))[1][0]) for env in (shaped, plain))
        more += discount**k * (paid - base)
    # Cut short by the horizon: the potential goes on, and all else has cancelled.
    assert more == pytest.approx(0.5 * discount**4 * 1.0, abs=1e-6)


def test_a_return_is_told_without_what_violations_cost() -> None:
    bounds = BoundsConfig(most={"action_range": 0.1})
    env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind(), bounds=bounds)
    env.bounds[0].price["action_range"] = 2.0
    env.reset()
    beyond = np.zeros((2, 7), dtype=np.float32)
    beyond[0] = 2.0
    paid, over = np.zeros(2), np.zeros(2, dtype=bool)
    while not over.any():
        _, reward, over, infos = env.step(beyond)
        paid += reward
    assert over.all() and paid.tolist() == [-2.0, 0.0]
    assert [info["episode"]["r"] for info in infos] == [0.0, 0.0]


def test_a_reward_term_or_a_violation_that_the_task_lacks_is_refused() -> None:
    """Where it is asked for, and at the first reset where nobody did."""
    for settings in (
        {"reward": replace(DENSE, terms={"nearr": 1.0})},
        {"bounds": BoundsConfig(most={"off_road": 0.1})},
    ):
        env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind(), **settings)
        for ask in (env.check, env.reset):
            with pytest.raises(UnknownName, match="Reach"):
                ask()


def test_slots_that_were_only_checked_have_not_begun() -> None:
    env = SlotVecEnv(Crank(REACH, 1, SMALL), Blind(), bounds=BoundsConfig(most={"collision": 0.1}))
    env.check()
    with pytest.raises(ResetNeeded, match=r"step.*call reset"):
        env.step(zeros(env))
