"""Laws of turning, parking and weaving: what is remembered, what is told, what is a violation."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.assets.junction import crossing
from vla_sim.envs.crank import Crank
from vla_sim.envs.frames.angles import off_heading
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.scenery.ways import length_m, rounded, woven
from vla_sim.envs.tasks import make_task
from vla_sim.envs.tasks.park import ORDINALS, Park
from vla_sim.envs.tasks.slalom import Slalom
from vla_sim.envs.tasks.turn_at_intersection import EXITS, TurnAtIntersection
from vla_sim.protocols.task import Outcome
from vla_sim.records.manner import MANNERS
from vla_sim.records.spread import Spread

Floats = NDArray[np.float64]
OWN = ("off_road", "wrong_lane", "wrong_exit", "wrong_bay", "wrong_side")


def placed(crank: Crank, start: Floats, goal: int) -> tuple[Outcome, Mapping[str, bool]]:
    """Judge slot 0 with its car put at x, y, yaw and speed, and what is violated there."""
    ids, goals = np.array([0]), np.full(crank.n, goal)
    crank.robot.reset(ids, start[None])
    crank.robot.after_step(ids)
    crank.task.after_step(goals)
    outcome = crank.task.judge(goals)
    return outcome, {name: bool(outcome.violations[name][0]) for name in outcome.violations}


def started(task_id: str, seed: int = 0) -> Crank:
    crank = Crank(task_id, 1)
    crank.start(np.array([0]), plan_episodes(task_id, [seed]))
    return crank


def fired(violations: Mapping[str, bool]) -> list[str]:
    return [name for name in OWN if violations.get(name)]


@pytest.mark.parametrize("task_id", ["vla_sim/TurnAtIntersection-v0", "vla_sim/Park-v0"])
def test_another_goal_than_the_one_that_was_asked_does_not_count(task_id: str) -> None:
    crank = Crank(task_id, 6)
    policy = ExpertPolicy(expert_for(task_id, crank.embodiment, crank.task.manners))
    plan = plan_episodes(task_id, range(6), manner="quickly")
    for episode in run_all(crank, policy, plan):
        assert episode.success_at_end
    task = crank.task
    assert isinstance(task, TurnAtIntersection | Park)
    one = started(task_id)
    for done, point in enumerate(one.task.goal_point()[0]):
        exits = list(EXITS.values())
        yaw = exits[done][2] if isinstance(task, TurnAtIntersection) else 0.0
        out = np.array(exits[done][:2]) if isinstance(task, TurnAtIntersection) else np.zeros(2)
        speed = 4.0 if isinstance(task, TurnAtIntersection) else 0.0
        start = np.array([*(point[:2] + 0.5 * out), yaw, speed])
        for asked in range(3):
            outcome, violations = placed(one, start, asked)
            assert outcome.success[0] == (asked == done)
            wrong = "wrong_exit" if isinstance(task, TurnAtIntersection) else "wrong_bay"
            assert fired(violations) == ([] if asked == done else [wrong])


def test_the_wrong_side_of_an_exit_and_the_grass_are_named() -> None:
    crank = started("vla_sim/TurnAtIntersection-v0")
    left = list(EXITS).index("left")
    outcome, violations = placed(crank, np.array([-1.75, 12.0, 0.5 * np.pi, 4.0]), left)
    assert fired(violations) == ["wrong_lane"]
    assert outcome.failure[0] and not outcome.success[0]
    outcome, violations = placed(crank, np.array([-8.0, -8.0, 0.0, 4.0]), left)
    assert fired(violations) == ["off_road"]
    assert outcome.failure[0]
    _, violations = placed(crank, np.array([-4.2, -4.2, -0.8, 4.0]), left)
    assert fired(violations) == [], "the corner is rounded"


def test_a_junction_has_no_road_straight_on() -> None:
    crank = started("vla_sim/TurnAtIntersectionTee-v0")
    _, violations = placed(crank, np.array([6.0, -1.75, 0.0, 4.0]), 0)
    assert fired(violations) == ["off_road"]
    names = {geom.name for geom in crossing(("left",), lane_width_m=3, corner_m=4, arm_m=30).geoms}
    assert "grass_front" in names and "middle_straight" not in names


@pytest.mark.parametrize("exits", [("left", "right", "straight"), ("left", "right")])
def test_told_ways_stay_on_the_road_and_keep_right(exits: tuple[str, ...]) -> None:
    name = "TurnAtIntersection" if len(exits) == 3 else "TurnAtIntersectionTee"
    crank = started(f"vla_sim/{name}-v0")
    for goal, way in enumerate(crank.task.privileged()["way"][0]):
        heading = np.arctan2(*(way[-1] - way[-2])[::-1])
        assert off_heading(heading, EXITS[exits[goal]][2]) == pytest.approx(0.0, abs=1e-9)
        for here, there in itertools.pairwise(way):
            for share in np.linspace(0.0, 1.0, 20):
                x, y = here + share * (there - here)
                if max(abs(x), abs(y)) < 20.0:
                    _, violations = placed(crank, np.array([x, y, 0.0, 4.0]), goal)
                    assert fired(violations) == []


def test_parking_wants_the_middle_of_the_bay_straight_and_at_rest() -> None:
    crank = started("vla_sim/Park-v0")
    x, y = crank.task.goal_point()[0, 1, :2]
    for start, is_parked in (
        ((x, y, 0.1, 0.0), True),
        ((x, y, 0.25, 0.0), False),
        ((x, y, 0.0, 1.0), False),
        ((x - 1.2, y, 0.0, 0.0), False),
        ((x, y + 0.8, 0.0, 0.0), False),
    ):
        outcome, violations = placed(crank, np.array(start), 1)
        assert outcome.success[0] == is_parked
        assert fired(violations) == []
    _, violations = placed(crank, np.array([-18.0, 0.0, 0.0, 0.0]), 1)
    assert fired(violations) == ["off_road"]


def test_ordinals_count_bays_from_the_left_of_the_picture() -> None:
    task = make_task("vla_sim/ParkOrdinals-v0")
    assert isinstance(task, Park)
    for seed in range(30):
        scene = task.sample(np.random.default_rng(seed))
        free = scene.values["free"].astype(int)
        assert [goal.referent.relation for goal in scene.goals] == [ORDINALS[k] for k in free]
        parked_y = scene.values["parked"][:, 1]
        assert np.abs(task.bay_y[free][:, None] - parked_y).min() > 2.0
    assert (np.diff(task.bay_y) < 0.0).all()


def test_a_slalom_remembers_on_which_side_cones_were_passed() -> None:
    crank = started("vla_sim/Slalom-v0")
    task = crank.task
    assert isinstance(task, Slalom)
    cones = crank.scenes[0].values["cones"] if crank.scenes[0] else np.zeros((0, 2))
    for k, (x, y) in enumerate(cones):
        side = 1.75 if k % 2 == 0 else -1.75
        outcome, violations = placed(crank, np.array([x + 0.2, y + side, 0.0, 2.0]), 0)
        assert fired(violations) == []
        assert not outcome.success[0]
        other = task.judge(np.array([1]))
        assert other.violations["wrong_side"][0] and other.failure[0]
    end = np.array([cones[-1][0] + 4.0, cones[-1][1], 0.0, 2.0])
    outcome, _ = placed(crank, end, 0)
    assert outcome.success[0]
    assert not task.judge(np.array([1])).success[0]
    crank.start(np.array([0]), plan_episodes("vla_sim/Slalom-v0", [0]))
    outcome, violations = placed(crank, end, 0)
    assert fired(violations) == ["wrong_side"], "driving past the whole row is no slalom"


def test_leaving_the_course_of_a_slalom_is_off_road() -> None:
    crank = started("vla_sim/Slalom-v0")
    outcome, violations = placed(crank, np.array([-15.0, 12.0, 0.0, 2.0]), 0)
    assert fired(violations) == ["off_road"]
    assert outcome.failure[0]


def test_rounded_corners_keep_their_radius_and_meet_their_legs() -> None:
    corners = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 20.0], [30.0, 20.0]])
    way = rounded(corners, 4.0)
    np.testing.assert_array_equal(way[[0, -1]], corners[[0, -1]])
    off = np.hypot(*(way[1:12] - [6.0, 4.0]).T)
    np.testing.assert_allclose(off, 4.0)
    assert length_m(way) == pytest.approx(50.0 - 2 * (8.0 - 2 * np.pi), rel=1e-3)
    tight = rounded(corners, 100.0)
    assert np.isfinite(tight).all()
    assert tight.shape == way.shape
    straight = rounded(np.array([[0.0, 0.0], [5.0, 0.0], [9.0, 0.0]]), 4.0)
    np.testing.assert_allclose(straight[:, 1], 0.0, atol=1e-12)


def test_a_woven_way_passes_its_points_on_their_sides() -> None:
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0]])
    way = woven(centres, np.array([0.0, 1.5, -1.5]), 6)
    assert way.shape == (13, 2)
    np.testing.assert_allclose(way[[0, 6, 12]], [[0.0, 0.0], [10.0, 1.5], [20.0, -1.5]])


@pytest.mark.parametrize("name", ["TurnAtIntersection", "Park", "SlalomClose"])
def test_slowly_is_slower_than_normal_and_normal_than_quickly(name: str) -> None:
    task_id, seeds = f"vla_sim/{name}-v0", range(40, 44)
    crank = Crank(task_id, len(seeds))
    policy = ExpertPolicy(expert_for(task_id, crank.embodiment, crank.task.manners))
    speed = {}
    for manner in ("slowly", "normal", "quickly"):
        assert manner in MANNERS
        episodes = run_all(crank, policy, plan_episodes(task_id, seeds, manner=manner))
        assert all(episode.success_at_end for episode in episodes)
        speed[manner] = np.array([np.abs(e.velocity[1:, 0]).mean() for e in episodes])
    assert (speed["slowly"] < speed["normal"]).all()
    assert (speed["normal"] < speed["quickly"]).all()


@pytest.mark.parametrize("name", ["TurnAtIntersection", "Park", "Slalom", "SlalomCurved"])
def test_wider_spreads_reach_further(name: str) -> None:
    task = make_task(f"vla_sim/{name}-v0")
    starts = {
        wide: np.array(
            [
                task.sample(np.random.default_rng(k), Spread(layout=wide, start=wide)).start
                for k in range(200)
            ]
        )
        for wide in (0.0, 0.5)
    }
    assert np.ptp(starts[0.5], axis=0)[0] > 1.2 * np.ptp(starts[0.0], axis=0)[0]
