"""Laws of tasks that end with objects in other places: which goal a placement satisfies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.frames.carry_task import CarryTask
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.tasks.stack import BASES
from vla_sim.records.triple import N_GOALS

Floats = NDArray[np.float64]

N = 12
ROW = np.arange(N)
PLACING = (
    "vla_sim/PickPlace-v0",
    "vla_sim/PickPlaceMany-v0",
    "vla_sim/Stack-v0",
    "vla_sim/StackMany-v0",
    "vla_sim/PlaceRelative-v0",
    "vla_sim/PlaceRelativeMany-v0",
    "vla_sim/SortByColour-v0",
    "vla_sim/SortByColourMany-v0",
    "vla_sim/PushToRegion-v0",
    "vla_sim/PushToRegionMany-v0",
)
HIGH = (0.0, 0.0, 0.1)


def started(task_id: str) -> tuple[Crank, CarryTask]:
    crank = Crank(task_id, N)
    crank.start(ROW, plan_episodes(task_id, range(N)))
    assert isinstance(crank.task, CarryTask)
    return crank, crank.task


def put(crank: Crank, thing: int, rows: NDArray[np.bool_], bottom: Floats) -> None:
    """Stand an object of some rows with its bottom at points (n, 3)."""
    task = crank.task
    assert isinstance(task, CarryTask)
    joint = crank.engine.model.body(task.objects.names[thing]).jntadr[0]
    q = int(crank.engine.model.jnt_qposadr[joint])
    centre = bottom.copy()
    centre[:, 2] += task.objects.half_height[:, thing]
    crank.engine.qpos[rows, q : q + 3] = centre[rows]
    crank.engine.forward(ROW)


def fulfil(crank: Crank, task: CarryTask, goal: int, offset: tuple[float, float, float]) -> None:
    """Put all that a goal asks for where it belongs, or beside that."""
    belongs = task.belongs()[:, goal].copy()
    for thing in range(task.asked.shape[2]):
        put(crank, thing, task.asked[:, goal, thing], belongs[:, thing] + np.array(offset))


def verdicts(crank: Crank, task: CarryTask) -> NDArray[np.bool_]:
    """(n, N_GOALS): which goals are satisfied now."""
    return np.stack([task.judge(np.full(N, k)).success for k in range(N_GOALS)], axis=1)


@pytest.mark.parametrize("task_id", PLACING)
def test_what_satisfies_one_goal_satisfies_no_other(task_id: str) -> None:
    for goal in range(N_GOALS):
        crank, task = started(task_id)
        assert not verdicts(crank, task).any()
        fulfil(crank, task, goal, (0.0, 0.0, 0.0))
        for row, done in enumerate(verdicts(crank, task)):
            n_goals = int(crank.n_goals[row])
            # Goals repeat beyond the scene's own.
            assert done.tolist() == [k % n_goals == goal % n_goals for k in range(N_GOALS)]


@pytest.mark.parametrize("task_id", PLACING)
def test_what_is_in_the_air_or_beside_its_place_is_not_there(task_id: str) -> None:
    for offset in (HIGH, (0.0, 0.14, 0.0)):
        crank, task = started(task_id)
        fulfil(crank, task, 0, offset)
        assert not verdicts(crank, task)[:, 0].any()


@pytest.mark.parametrize("task_id", PLACING)
def test_a_lifted_stranger_is_named_and_nothing_else_is(task_id: str) -> None:
    crank, task = started(task_id)
    goal = np.zeros(N, dtype=np.int64)
    calm = task.judge(goal).violations
    assert not any(broken.any() for broken in calm.values())
    stranger = np.argmin(task.asked[:, 0], axis=1)
    for thing in range(task.asked.shape[2]):
        place = task.objects.position()[:, thing] + np.array(HIGH)
        put(crank, thing, stranger == thing, place)
    outcome = task.judge(goal)
    assert [name for name, broken in outcome.violations.items() if broken.any()] == ["wrong_object"]
    assert outcome.violations["wrong_object"].all()


@pytest.mark.parametrize("task_id", ["vla_sim/PickPlace-v0", "vla_sim/SortByColour-v0"])
def test_the_wrong_place_is_named(task_id: str) -> None:
    crank, task = started(task_id)
    goal = np.zeros(N, dtype=np.int64)
    things = task.asked[:, 0]
    belongs = task.belongs()
    for row in range(N):
        other = next(
            k
            for k in range(N_GOALS)
            if (task.asked[row, k] == things[row]).all()
            and not np.array_equal(belongs[row, k], belongs[row, 0])
        )
        for thing in np.flatnonzero(things[row]):
            put(crank, int(thing), row * np.ones(N) == ROW, belongs[:, other, thing])
    outcome = task.judge(goal)
    assert outcome.violations["wrong_place"].all()
    assert not outcome.violations["wrong_object"].any()
    assert not outcome.success.any()


def test_an_anchor_that_was_moved_is_named_and_does_not_count() -> None:
    crank, task = started("vla_sim/PlaceRelative-v0")
    goal = np.zeros(N, dtype=np.int64)
    named = [scene.values["anchor"][0] for scene in crank.scenes if scene is not None]
    anchor = np.array(named, dtype=np.int64)
    for thing in range(3):
        beside = task.objects.position()[:, thing] + np.array([0.05, 0.0, 0.0])
        beside[:, 2] = 0.0
        put(crank, thing, anchor == thing, beside)
    fulfil(crank, task, 0, (0.0, 0.0, 0.0))
    outcome = task.judge(goal)
    assert outcome.violations["anchor_moved"].all()
    assert not outcome.success.any()
    task.carried_out(ROW, goal + 1)  # the next one of a chain: it was moved before that was given
    outcome = task.judge(goal)
    assert outcome.success.all()
    assert not outcome.violations["anchor_moved"].any()


def test_sides_are_those_of_the_picture() -> None:
    crank, task = started("vla_sim/PlaceRelative-v0")
    for row, scene in enumerate(crank.scenes):
        assert scene is not None
        for k, goal in enumerate(scene.goals):
            mover = int(np.argmax(task.asked[row, k]))
            anchor = int(scene.values["anchor"][k])
            points = task.objects.position()
            points[:, mover] = task.belongs()[:, k, mover]
            uv = crank.view.locate(points, ROW)[0][row]
            right, down = uv[mover] - uv[anchor]
            seen = {
                "left_of": -right,
                "right_of": right,
                "in_front_of": down,
                "behind": -down,
            }
            assert max(seen, key=lambda side: seen[side]) == goal.target.relation


def test_nothing_is_put_on_a_ball() -> None:
    crank, _ = started("vla_sim/StackMany-v0")
    for scene in crank.scenes:
        assert scene is not None
        assert all(goal.target.shape in BASES for goal in scene.goals)


def test_one_of_two_is_not_sorted() -> None:
    crank, task = started("vla_sim/SortByColour-v0")
    belongs = task.belongs()[:, 0].copy()
    first = np.argmax(task.asked[:, 0], axis=1)
    for thing in range(4):
        put(crank, thing, first == thing, belongs[:, thing])
    outcome = task.judge(np.zeros(N, dtype=np.int64))
    assert not outcome.success.any()
    np.testing.assert_allclose(outcome.reward_terms["placed"], 0.5)


def test_what_was_lifted_once_does_not_count_as_pushed() -> None:
    crank, task = started("vla_sim/PushToRegion-v0")
    goal = np.zeros(N, dtype=np.int64)
    fulfil(crank, task, 0, HIGH)
    task.after_step(goal)
    fulfil(crank, task, 0, (0.0, 0.0, 0.0))
    outcome = task.judge(goal)
    assert outcome.violations["lifted"].all()
    assert outcome.failure.all()
    assert not outcome.success.any()
    crank.start(ROW, plan_episodes("vla_sim/PushToRegion-v0", range(N)))
    assert not task.judge(goal).failure.any()


@pytest.mark.parametrize("task_id", PLACING)
def test_a_colour_and_a_shape_name_one_thing_only(task_id: str) -> None:
    crank, _ = started(task_id)
    for scene in crank.scenes:
        assert scene is not None
        colours = [*scene.values["colour"], *scene.values.get("place_colour", ())]
        n_same = len(colours) - len(set(colours))
        # Sorting is about things of one colour, two of each, and trays of these colours.
        assert n_same == (4 if "Sort" in task_id else 0)
