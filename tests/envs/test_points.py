"""What tasks say their goals are about agrees with what is in the simulator."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.frames.carry_task import CarryTask
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import Rollout
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.tasks.pick_place import PickPlace
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.protocols.task import Points
from vla_sim.records.triple import NEXT, PLACE, THING, Rows

Floats = NDArray[np.float64]
SMALL = CrankConfig(image_size=16)
CARRYING = ("PickPlace-v0", "PlaceRelative-v0", "PushToRegion-v0", "SortByColour-v0", "Stack-v0")
MORE: Mapping[str, set[int]] = {
    **{name: {THING, PLACE} for name in CARRYING},
    "OpenDrawer-v0": {THING, PLACE},
    "CloseDrawer-v0": {THING, PLACE},
    "TurnKnob-v0": {THING, PLACE, NEXT},
    "TracePath-v0": {THING, PLACE, NEXT},
    "KeepLane-v0": {THING, NEXT},
    "Slalom-v0": {THING, NEXT},
}
"""The queries that tasks answer which answer more than the first."""


def started(task_id: str, n: int = 3) -> Crank:
    crank = Crank(task_id, n, SMALL)
    crank.start(np.arange(n), [draw_spec(task_id, 30_000 + k) for k in range(n)])
    return crank


@pytest.mark.parametrize("task_id", tasks_of(("core",)))
def test_every_task_answers_its_queries(task_id: str) -> None:
    crank = started(task_id, n=2)
    points, goal = crank.task.points(), crank.task.goal_point()
    answered = MORE.get(task_id.removeprefix("vla_sim/"), {THING})
    assert set(np.flatnonzero(points.exists.any((0, 1)))) == answered
    assert np.isfinite(points.at).all() and np.isfinite(points.shown_by).all()
    assert not points.held.any(), "nothing is held at the start"
    # At the start the thing is where the hand or the car goes first.
    if not task_id.startswith("vla_sim/SortByColour"):
        np.testing.assert_array_equal(points.at[:, :, THING], goal)


@pytest.mark.parametrize("name", CARRYING)
def test_a_place_is_where_the_task_sees_its_thing_arrive(name: str) -> None:
    """A thing that is put at the place it was given is there, whatever the task means by it."""
    crank = started(f"vla_sim/{name}")
    task, row = crank.task, np.arange(crank.n)
    assert isinstance(task, CarryTask)
    at, asked = task.points().at[row, crank.goal], task.asked[row, crank.goal]
    for slot in range(crank.n):
        moved = put(crank, task, slot, at[slot, THING], at[slot, PLACE])
        assert asked[slot, moved]
    there = task.is_there(crank.goal)
    assert (there & asked).any(axis=1).all()


def put(crank: Crank, task: CarryTask, slot: int, start: Floats, end: Floats) -> int:
    """Move the object that is at a point to another one; which one it is."""
    k = int(np.argmin(np.abs(task.objects.position()[slot] - start).sum(axis=1)))
    q = task.objects._joints[k][0]
    crank.engine.qpos[slot, q : q + 3] = end
    crank.engine.forward(np.array([slot]))
    return k


def test_the_place_of_pick_place_is_the_middle_of_the_pad() -> None:
    crank = started("vla_sim/PickPlace-v0")
    task = crank.task
    assert isinstance(task, PickPlace)
    middle = task.pads.xy[np.arange(crank.n)[:, None], task._pad]
    np.testing.assert_allclose(task.points().at[:, :, PLACE, :2], middle, atol=1e-12)


def labelled(task_id: str, n_steps: int) -> tuple[list[Rows], list[Points], NDArray[np.int64]]:
    """Labels and points of an expert's episode in one slot, and its goal."""
    crank = Crank(task_id, 1, SMALL)
    expert = ExpertPolicy(expert_for(task_id, crank.task.robot.embodiment, crank.task.manners))
    run = Rollout(crank, expert, [draw_spec(task_id, 30_000)])
    labeller, blank = Labeller(crank, expert.expert), np.zeros((1, 16, 16, 3), np.uint8)
    rows: list[Rows] = []
    points: list[Points] = []
    goal = crank.goal.copy()
    while len(run.active) and len(rows) < n_steps:
        rows.append(labeller.rows(np.arange(1), np.zeros(1, np.bool_), blank))
        points.append(crank.task.points())
        run.advance()
    return rows, points, goal


def test_what_is_carried_is_held_from_the_grasp_to_the_place() -> None:
    rows, points, (goal,) = labelled("vla_sim/PickPlace-v0", 200)
    held = np.array([row["held"][0, goal] for row in rows])
    first, last = np.flatnonzero(held)[[0, -1]]
    assert held[first : last + 1].all() and 10 < last - first < len(held)
    way = [p.at[0, goal, PLACE] - p.at[0, goal, THING] for p in points]
    assert np.linalg.norm(way[0]) > 0.05 > 0.03 > np.linalg.norm(way[last])
    # On disk and in memory as the simulator has them, and nothing where there is no point.
    for row, p in zip(rows, points, strict=True):
        np.testing.assert_allclose(row["goal_point"][0, goal], p.at[0, goal], atol=1e-6)
        assert not row["goal_point"][:, :, NEXT].any() and not row["cell_visible"][:, :, NEXT].any()


def test_the_next_thing_to_sort_is_the_one_that_the_expert_goes_for() -> None:
    """What lies in its tray, if not quite in its slot, is done with: the other one's turn."""
    crank = started("vla_sim/SortByColour-v0", n=1)
    task = crank.task
    assert isinstance(task, CarryTask)
    at = task.points().at[0, 0]
    beside = at[PLACE] + np.array([0.02, 0.0, 0.0])
    put(crank, task, 0, at[THING], beside)
    assert np.abs(task.points().at[0, 0, THING] - beside).max() > 0.05


def test_the_slot_that_is_free_is_seen_and_not_numbered() -> None:
    """Two objects of a colour that change places change nothing of where the next one belongs."""
    crank = started("vla_sim/SortByColour-v0", n=1)
    task = crank.task
    assert isinstance(task, CarryTask)
    goal = int(crank.goal[0])
    at = task.points().at[0, goal]
    put(crank, task, 0, at[THING], at[PLACE])
    seen = task.points().at[0, goal]
    assert np.abs(seen[PLACE, :2] - at[PLACE, :2]).max() > 0.05, "the other slot"
    first, second = np.flatnonzero(task.asked[0, goal])
    a, b = (task.objects.position()[0, k].copy() for k in (first, second))
    for k, end in ((first, b), (second, a)):
        q = task.objects._joints[k][0]
        crank.engine.qpos[0, q : q + 2] = end[:2]
    crank.engine.forward(np.array([0]))
    np.testing.assert_allclose(task.points().at[0, goal, :, :2], seen[:, :2], atol=1e-9)
