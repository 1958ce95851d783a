"""Laws of the tasks on roads: what was asked counts and nothing else, and what is remembered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.experts.table import expert_for
from vla_sim.assets.winding_road import SPACING_M, CentreLine, mirrored
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.scenery.road_frame import RoadFrame
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import make_task
from vla_sim.envs.tasks.keep_lane import S_BEND, TIGHT_BEND
from vla_sim.protocols.expert import Expert
from vla_sim.records.episode import Episode
from vla_sim.records.spread import Spread
from vla_sim.records.teacher_input import TeacherInput

ROADS = (
    "vla_sim/KeepLane-v0",
    "vla_sim/KeepLaneTight-v0",
    "vla_sim/StopAtLine-v0",
    "vla_sim/StopAtLineRank-v0",
    "vla_sim/YieldToPedestrian-v0",
    "vla_sim/YieldToPedestrianTwo-v0",
    "vla_sim/FollowLead-v0",
    "vla_sim/FollowLeadThree-v0",
    "vla_sim/Overtake-v0",
    "vla_sim/OvertakeTwo-v0",
)


class Misled:
    """The expert, told goals of its own."""

    needs_images = False
    n_action_steps = 2

    def __init__(self, expert: Expert, goal_of_seed: dict[int, int]) -> None:
        self.expert, self.goal_of_seed = expert, goal_of_seed

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """What the expert would do for the other goal."""
        goal = np.array([self.goal_of_seed[int(seed)] for seed in known.seed])
        return self.expert.chunk(known.privileged, goal, known.manner, self.n_action_steps)


def misled(task_id: str, pairs: Sequence[tuple[int, int]]) -> list[Episode]:
    """Episodes, one for each pair (goal that is asked, goal that is pursued)."""
    crank = Crank(task_id, len(pairs))
    expert = expert_for(task_id, crank.embodiment, crank.task.manners)
    plan = [
        replace(draw_spec(task_id, 300 + k, manner="normal"), goal=asked)
        for k, (asked, _) in enumerate(pairs)
    ]
    pursued = {300 + k: goal for k, (_, goal) in enumerate(pairs)}
    return run_all(crank, Misled(expert, pursued), plan)


def broken(episode: Episode) -> set[str]:
    """Names of the violations that an episode has."""
    return {name for name, steps in episode.violations.items() if steps.any()}


@pytest.mark.parametrize("task_id", ROADS)
def test_pursuing_another_goal_does_not_count(task_id: str) -> None:
    scene = make_task(task_id).sample(stream(task_id, 0, "scene"))
    n = len(scene.goals)
    pairs = [(asked, other) for asked in range(n) for other in range(n) if asked != other]
    assert len({goal.outcome for goal in scene.goals}) == n
    for episode, pair in zip(misled(task_id, pairs), pairs, strict=True):
        assert not episode.success_at_end, pair


@pytest.mark.parametrize(
    "task_id, pair, name",
    [
        ("vla_sim/KeepLane-v0", (0, 2), "wrong_lane"),
        ("vla_sim/StopAtLine-v0", (0, 1), "ran_line"),
        ("vla_sim/YieldToPedestrian-v0", (1, 0), "drove_on"),
        ("vla_sim/YieldToPedestrianTwo-v0", (1, 0), "failed_to_yield"),
        ("vla_sim/YieldToPedestrianTwo-v0", (0, 1), "too_late"),
        ("vla_sim/Overtake-v0", (0, 1), "wrong_side"),
    ],
)
def test_a_named_violation_fires_alone_and_ends_the_episode(
    task_id: str, pair: tuple[int, int], name: str
) -> None:
    (episode,) = misled(task_id, [pair])
    assert broken(episode) == {name}
    assert episode.terminated
    assert episode.violations[name][-1]


def test_a_line_may_be_crossed_unless_it_is_the_one() -> None:
    (episode,) = misled("vla_sim/StopAtLine-v0", [(2, 2)])
    assert episode.success_at_end
    assert not broken(episode)


def test_a_lane_must_be_kept_for_a_while_before_the_finish() -> None:
    task_id = "vla_sim/KeepLane-v0"
    crank = Crank(task_id, 1)
    crank.start(np.array([0]), [replace(draw_spec(task_id, 1), goal=0)])
    task = crank.task
    engine, at_finish = crank.engine, S_BEND.points()[-1]
    engine.qpos[0, :2] = at_finish[:2]
    engine.forward(np.array([0]))
    crank.robot.after_step()
    outcome = task.judge(np.array([0]))
    assert not outcome.success.any()
    assert outcome.failure.all()


def test_scenes_are_wider_where_a_spread_says_so() -> None:
    for task_id in ROADS:
        task = make_task(task_id)
        starts = {
            share: np.array(
                [
                    task.sample(stream(task_id, k, "scene"), Spread(start=share)).start[-1]
                    for k in range(40)
                ]
            )
            for share in (0.0, 0.5)
        }
        assert np.ptp(starts[0.5]) > np.ptp(starts[0.0]), task_id


@pytest.mark.parametrize("line", [S_BEND, TIGHT_BEND])
def test_a_road_is_measured_along_and_across_itself(line: CentreLine) -> None:
    points = line.points()
    step = np.hypot(*np.diff(points[:, :2], axis=0).T)
    np.testing.assert_allclose(step, SPACING_M, rtol=1e-3)
    # The heading turns by the curvature that is told.
    turned = np.diff(points[:, 2])
    told = SPACING_M * 0.5 * (points[1:, 3] + points[:-1, 3])
    np.testing.assert_allclose(turned, told, atol=5e-3)
    frame = RoadFrame(points)
    for offset in (-3.5, 0.0, 3.5):
        beside = frame.point(
            np.arange(len(points), dtype=np.float64) * SPACING_M, np.full((len(points), 1), offset)
        )
        place, measured = frame.locate(beside[:, 0])
        np.testing.assert_allclose(place, np.arange(len(points)) * SPACING_M, atol=1e-6)
        np.testing.assert_allclose(measured, offset, atol=1e-6)
    half = 0.5 * (points[1:, :2] + points[:-1, :2])
    _, measured = frame.locate(half)
    assert np.abs(measured).max() < 0.05
    np.testing.assert_array_equal(mirrored(mirrored(points)), points)
