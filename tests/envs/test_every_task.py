"""Laws of every task: a new line in TASKS is tested by being there.

That doing nothing and doing anything fail is held by tests/agents/test_controls.py.
"""

import zlib

import numpy as np
import pytest

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.codes import decode, encode
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.registration import IDS
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import stream
from vla_sim.envs.suites import SPINE
from vla_sim.envs.tasks import GUEST_TASKS, TASK_IDS, TASKS, family_of, make_task
from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.errors import UnknownName
from vla_sim.eval.events import event_counts
from vla_sim.eval.progress import progress_curve
from vla_sim.records.episode import Episode
from vla_sim.records.triple import N_GOALS

SEEDS = range(700, 705)
SMALL_PX = 16
"""A fact of pictures at any size is one of small ones."""


def episodes(task_id: str, n: int, seeds: range, n_threads: int = 1) -> list[Episode]:
    crank = Crank(task_id, n, CrankConfig(image_size=SMALL_PX, n_threads=n_threads))
    plan = plan_episodes(task_id, seeds)
    return run_all(crank, POLICIES["expert"](task_id, crank.task), plan, keep_images=True)


@pytest.fixture(scope="module", params=TASK_IDS)
def shown(request: pytest.FixtureRequest) -> list[Episode]:
    """The expert's episodes of a task: slots are used again, and share two threads."""
    return episodes(request.param, 3, SEEDS, n_threads=2)


def test_a_line_names_settings_that_exist_and_differ_from_their_defaults() -> None:
    for table in (TASKS, GUEST_TASKS):
        for task_id, line in table.lines.items():
            plain, made = line.config.find()(), table[task_id]
            assert line.family == type(made).__name__.removesuffix("Config") == family_of(task_id)
            for name in line.settings:
                default, value = getattr(plain, name), getattr(made, name)
                assert default is None or type(value) is type(default), (task_id, name)
                assert value != default, (task_id, name)


def test_the_places_of_tasks_are_kept() -> None:
    assert IDS == TASK_IDS
    # Triples store them: a task is added at the end.
    assert zlib.crc32(" ".join(TASK_IDS[:49]).encode()) == 497020490


def test_expert_succeeds_and_keeps_within_limits(shown: list[Episode]) -> None:
    for episode in shown:
        assert episode.success_at_end, episode.spec
        assert episode.terminated
        for name in ("velocity", "acceleration", "jerk", "joint_limit", "action_range"):
            assert not episode.violations[name].any(), (name, episode.spec)


def test_progress_goes_from_nothing_to_all_with_success(shown: list[Episode]) -> None:
    for episode in shown:
        assert episode.subgoals, "a task of ours names sub-goals"
        for name, left in episode.subgoals.items():
            assert np.isfinite(left).all() and (left >= 0.0).all(), (name, episode.spec)
        curve = progress_curve(episode)
        assert curve[0] == 0.0
        assert (np.diff(curve) >= 0.0).all()
        np.testing.assert_array_equal(curve[1:] == 1.0, np.maximum.accumulate(episode.success))
        assert curve[np.flatnonzero(episode.success)[0]] > 0.3, "little of the way was seen"


def test_experts_cause_no_event_that_is_a_mistake(shown: list[Episode]) -> None:
    for episode in shown:
        counts = event_counts(episode)
        wrong = ("wrong_object", "wrong_target", "dropped", "tipped", "off_road", "rule_broken")
        assert not any(counts.get(name) for name in wrong), (counts, episode.spec)


def assert_same(shown: list[Episode], again: list[Episode]) -> None:
    for one, other in zip(shown, again, strict=True):
        assert one.spec == other.spec
        assert one.instruction == other.instruction
        for name in ("actions", "proprio", "position", "velocity", "reward", "images", "cell"):
            first, second = getattr(one, name), getattr(other, name)
            assert first.tobytes() == second.tobytes(), name
        assert one.subgoals.keys() == other.subgoals.keys()
        for name, left in one.subgoals.items():
            assert left.tobytes() == other.subgoals[name].tobytes(), name
        if one.things is not None and other.things is not None:
            assert one.things.position.tobytes() == other.things.position.tobytes()


def test_an_episode_is_the_same_to_the_last_bit_alone(shown: list[Episode]) -> None:
    used_again = slice(3, 4)  # the first three have slots that are new
    assert_same(shown[used_again], episodes(shown[0].spec.task_id, 1, SEEDS[used_again]))


@pytest.mark.parametrize("task_id", SPINE)
def test_an_episode_is_the_same_to_the_last_bit_in_any_batch(task_id: str) -> None:
    few = episodes(task_id, 3, SEEDS)
    for n_threads in (1, 2):
        assert_same(few, episodes(task_id, 5, SEEDS, n_threads))


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_scenes_cannot_be_told_apart_by_sight_alone(task_id: str) -> None:
    task = make_task(task_id)
    for seed in range(60):
        scene = task.sample(stream(task_id, seed, "scene"))
        assert 2 <= len(scene.goals) <= N_GOALS
        assert len({goal.outcome for goal in scene.goals}) >= 2
        asked = [goal.meaning() for goal in scene.goals]
        assert len(set(asked)) == len(asked), "two goals are asked for in the same words"
        for goal in scene.goals:
            assert decode(encode(goal.meaning())) == goal.meaning()


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_equal_seeds_give_equal_scenes_and_others_differ(task_id: str) -> None:
    task = make_task(task_id)
    one, same, other = (task.sample(stream(task_id, seed, "scene")) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.start, same.start)
    assert one.goals == same.goals
    assert not np.array_equal(one.start, other.start)


def test_spl_has_a_positive_path_to_compare_with(shown: list[Episode]) -> None:
    assert all(episode.expert_path_length_m > 0.0 for episode in shown)


def test_unknown_task_lists_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"no task 'vla_sim/Juggle-v0'; .*list tasks"):
        make_task("vla_sim/Juggle-v0")


def test_a_vehicle_named_and_its_side_mean_the_same_lane() -> None:
    scene = ChangeLaneConfig().build().sample(np.random.default_rng(0))
    assert [goal.outcome for goal in scene.goals] == [0, 1, 0, 1]


def test_a_diamond_stands_on_its_corner_and_a_square_on_its_side() -> None:
    crank = Crank("vla_sim/DriveToGoal-v1", 1)
    model = crank.engine.model
    turn = {shape: model.geom(f"pad_0_{shape}").quat[3] for shape in ("square", "diamond")}
    assert turn["square"] == 0.0
    assert 2 * np.arcsin(turn["diamond"]) == pytest.approx(np.pi / 4)
