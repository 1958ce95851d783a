"""What the crank owes its callers: order, counts, and errors at the border."""

import numpy as np
import pytest

from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.errors import BadAction, BadConfig, UnknownName
from vla_sim.records.episode import Arm, EpisodeSpec

REACH = "vla_sim/Reach-v1"


@pytest.fixture
def crank() -> Crank:
    made = Crank(REACH, 3)
    made.start(np.arange(3), plan_episodes(REACH, range(3)))
    return made


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_actions_that_are_not_finite_are_refused_and_nothing_moves(
    crank: Crank, bad: float
) -> None:
    before = crank.engine.qpos.copy()
    actions = np.zeros((3, 7), dtype=np.float32)
    actions[1, 4] = bad
    with pytest.raises(BadAction, match="simulation 1, component 4"):
        crank.step(actions)
    np.testing.assert_array_equal(crank.engine.qpos, before)


def test_actions_of_a_wrong_shape_are_refused(crank: Crank) -> None:
    with pytest.raises(BadAction, match=r"\(3, 7\), not \(3, 6\)"):
        crank.step(np.zeros((3, 6), dtype=np.float32))


def test_actions_out_of_range_are_clipped_and_counted(crank: Crank) -> None:
    actions = np.zeros((3, 7), dtype=np.float32)
    actions[2, 0] = 7.0
    result = crank.step(actions)
    assert result.violations["action_range"].tolist() == [False, False, True]
    twin = Crank(REACH, 3)
    twin.start(np.arange(3), plan_episodes(REACH, range(3)))
    actions[2, 0] = 1.0
    twin.step(actions)
    np.testing.assert_array_equal(twin.engine.qpos, crank.engine.qpos)


def test_a_diverging_simulation_ends_alone(crank: Crank) -> None:
    twin = Crank(REACH, 3)
    twin.start(np.arange(3), plan_episodes(REACH, range(3)))
    crank.engine.qvel[1] = 1e12
    nothing = np.zeros((3, 7), dtype=np.float32)
    result, clean = crank.step(nothing), twin.step(nothing)
    assert result.diverged.tolist() == [False, True, False]
    assert result.terminated.tolist() == [False, True, False]
    assert not result.success[1]
    others = [0, 2]
    np.testing.assert_array_equal(crank.engine.qpos[others], twin.engine.qpos[others])
    np.testing.assert_array_equal(result.reward[others], clean.reward[others])


def test_a_slot_after_a_divergence_is_as_good_as_new(crank: Crank) -> None:
    crank.engine.qvel[1] = 1e12
    crank.step(np.zeros((3, 7), dtype=np.float32))
    crank.start(np.array([1]), [draw_spec(REACH, 1)])
    twin = Crank(REACH, 1)
    twin.start(np.array([0]), [draw_spec(REACH, 1)])
    for _ in range(5):
        crank.step(np.full((3, 7), 0.1, dtype=np.float32))
        twin.step(np.full((1, 7), 0.1, dtype=np.float32))
    np.testing.assert_array_equal(crank.engine.qpos[1], twin.engine.qpos[0])


def test_reward_is_bounded_and_the_mean_of_its_terms(crank: Crank) -> None:
    result = crank.step(np.zeros((3, 7), dtype=np.float32))
    mean = np.mean(list(result.reward_terms.values()), axis=0)
    np.testing.assert_allclose(result.reward, mean)
    assert ((result.reward >= 0.0) & (result.reward <= 1.0)).all()


def test_an_episode_of_another_task_is_refused(crank: Crank) -> None:
    with pytest.raises(BadConfig, match="was given to vla_sim/Reach-v1"):
        crank.start(np.array([0]), [EpisodeSpec(task_id="vla_sim/Lift-v1", seed=0, goal=0)])


def test_control_arms_change_words_and_nothing_else() -> None:
    crank = Crank(REACH, 5)
    arms: tuple[Arm, ...] = ("correct", "empty", "swapped", "held_out", "other_language")
    crank.start(np.arange(5), [draw_spec(REACH, 11, arm=arm) for arm in arms])
    assert len({tuple(row) for row in crank.engine.qpos}) == 1
    assert len(set(crank.instructions)) == 1
    texts = [shown.text if shown else None for shown in crank.shown]
    assert texts[1] == ""
    assert len(set(texts)) == 5
    swapped = crank.shown[2]
    assert swapped is not None and crank.instructions[2] is not None
    assert swapped.meaning.referent != crank.instructions[2].meaning.referent


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(BadConfig, match="image_size is 8"):
        CrankConfig(image_size=8)
    with pytest.raises(BadConfig, match="n_threads is 0"):
        CrankConfig(n_threads=0)
    with pytest.raises(BadConfig, match="n_simulations is 0"):
        Crank(REACH, 0)
    with pytest.raises(UnknownName, match="renderer 'crayon'"):
        Crank(REACH, 1, CrankConfig(renderer="crayon"))


def test_a_slot_that_rests_stands_still_until_its_next_episode_and_nobody_notices(
    crank: Crank,
) -> None:
    twin = Crank(REACH, 3)
    twin.start(np.arange(3), plan_episodes(REACH, range(3)))
    rng = np.random.default_rng(0)
    crank.rest(np.array([1]))
    before = crank.engine.qpos[1].copy()
    for _ in range(4):
        actions = rng.uniform(-1, 1, (3, 7)).astype(np.float32)
        crank.step(actions)
        twin.step(actions)
    np.testing.assert_array_equal(crank.engine.qpos[1], before)
    np.testing.assert_array_equal(crank.engine.qpos[[0, 2]], twin.engine.qpos[[0, 2]])
    for each in (crank, twin):
        each.start(np.array([1]), [draw_spec(REACH, 9)])
    for _ in range(4):
        actions = rng.uniform(-1, 1, (3, 7)).astype(np.float32)
        ours, theirs = crank.step(actions), twin.step(actions)
        np.testing.assert_array_equal(ours.reward, theirs.reward)
    np.testing.assert_array_equal(crank.engine.qpos, twin.engine.qpos)
