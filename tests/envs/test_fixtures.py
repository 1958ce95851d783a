"""Laws of tasks with fixtures and lines: only what was asked for counts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank
from vla_sim.envs.frames.cabinet_task import CabinetTask
from vla_sim.envs.frames.fixture_task import FixtureTask
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import make_task
from vla_sim.envs.tasks.trace_path import TracePath
from vla_sim.protocols.task import Outcome

NORMAL = np.zeros(1, dtype=np.int64)

OTHERS = {
    "vla_sim/PressButton-v0": (1, "wrong_button"),
    "vla_sim/OpenDrawer-v0": (1, "wrong_drawer"),
    "vla_sim/CloseDrawer-v0": (1, "wrong_drawer"),
    "vla_sim/TurnKnob-v0": (2, "wrong_knob"),
}
"""Another goal than goal 0, and the violation that its behaviour is when goal 0 was asked."""


def started(task_id: str, seed: int = 3, goal: int = 0) -> Crank:
    crank = Crank(task_id, 1)
    spec = replace(draw_spec(task_id, seed, manner="normal"), goal=goal)
    crank.start(np.zeros(1, dtype=np.int64), [spec])
    return crank


def judged(crank: Crank, travel: list[float]) -> Outcome:
    """The judgement with the fixtures' parts where they are put."""
    task = crank.task
    assert isinstance(task, FixtureTask)
    names = task.fixtures.names
    for name, where in zip(names, travel, strict=True):
        adr = int(crank.engine.model.joint(f"{name}_joint").qposadr[0])
        crank.engine.qpos[0, adr] = where
    crank.engine.forward(np.zeros(1, dtype=np.int64))
    return task.judge(crank.goal)


def follow(crank: Crank, goal: int, n_steps: int) -> tuple[bool, dict[str, bool]]:
    """Let the expert do a goal: whether the asked one ever succeeded, and what was violated."""
    expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
    succeeded, broken = False, dict[str, bool]()
    for _ in range(n_steps // 2):
        chunk = expert.chunk(crank.task.privileged(), np.array([goal]), NORMAL, 2)
        for k in range(2):
            result = crank.step(chunk[:, k])
            succeeded |= bool(result.success[0])
            for name, fired in result.violations.items():
                broken[name] = broken.get(name, False) or bool(fired[0])
    return succeeded, broken


@pytest.mark.parametrize("task_id", OTHERS)
def test_doing_another_goal_does_not_count_and_is_told(task_id: str) -> None:
    other, violation = OTHERS[task_id]
    succeeded, broken = follow(started(task_id), other, 90)
    assert not succeeded
    assert [name for name, fired in broken.items() if fired] == [violation]


@pytest.mark.parametrize("task_id", OTHERS)
def test_doing_the_goal_counts_and_breaks_nothing(task_id: str) -> None:
    succeeded, broken = follow(started(task_id), 0, 90)
    assert succeeded
    assert not any(broken.values())


def test_what_was_asked_for_before_hides_nothing_that_is_wrong_now() -> None:
    task_id, wrong = "vla_sim/OpenDrawer-v0", "wrong_drawer"
    crank = Crank(task_id, 1)
    spec = replace(draw_spec(task_id, 3, manner="normal", n_instructions=2), goal=0)
    hold = np.zeros((1, crank.embodiment.n_act), dtype=np.float32)

    def is_wrong_with(*drawers: int, n_steps: int) -> bool:
        travel = np.zeros(3)
        travel[list(drawers)] = 0.15
        for _ in range(n_steps):
            judged(crank, travel.tolist())
            result = crank.step(hold)
        return bool(result.violations[wrong][0])

    crank.start(np.zeros(1, dtype=np.int64), [spec])
    assert not is_wrong_with(0, n_steps=crank.task.hold_steps)
    assert crank.stages.number[0] == 1
    assert not is_wrong_with(0, n_steps=2)
    asked = int(crank.goal[0])
    assert is_wrong_with(0, 3 - asked, n_steps=2), "nobody ever asked for this one"
    crank.start(np.zeros(1, dtype=np.int64), [spec])
    assert is_wrong_with(0, 3 - asked, n_steps=crank.task.hold_steps)
    assert crank.stages.number[0] == 1
    assert is_wrong_with(0, 3 - asked, n_steps=2), "it was wrong before, too"


def test_a_button_is_pressed_at_its_depth_and_alone() -> None:
    crank = started("vla_sim/PressButton-v0")
    assert not judged(crank, [-0.006, 0.0, 0.0, 0.0]).success[0]
    assert judged(crank, [-0.010, -0.002, 0.0, 0.0]).success[0]
    both = judged(crank, [-0.010, -0.010, 0.0, 0.0])
    assert not both.success[0]
    assert both.violations["wrong_button"][0]


def test_a_knob_must_turn_far_enough_and_the_right_way() -> None:
    crank = started("vla_sim/TurnKnob-v0")
    task = crank.task
    assert isinstance(task, FixtureTask)
    first, second = task.fixtures.travel()[0]
    assert not judged(crank, [first - 0.9, second]).success[0]
    assert judged(crank, [first - 1.1, second]).success[0]
    wrong = judged(crank, [first + 1.1, second])
    assert not wrong.success[0]
    assert wrong.violations["wrong_way"][0]
    assert not wrong.violations["wrong_knob"][0]


def test_a_knob_goes_where_a_learner_can_know_and_is_turned_there_wherever_it_began() -> None:
    places = []
    for seed in range(40):
        crank = started("vla_sim/TurnKnob-v0", seed)
        wanted = crank.task.privileged()["knob_wanted"][0]
        places.append(wanted)
        task = crank.task
        assert isinstance(task, FixtureTask)
        knobs = task.fixtures.travel()[0]
        for short_rad in (0.0, 0.12):
            clockwise = [wanted[0] + short_rad, knobs[1]]
            assert judged(crank, clockwise).success[0], "it may err by more than a pixel"
    assert np.ptp(places, axis=0) == pytest.approx(0.0), "nothing shows where a knob began"


def test_drawers_are_open_and_closed_where_they_say() -> None:
    opened = started("vla_sim/OpenDrawer-v0")
    assert not judged(opened, [0.11, 0.0, 0.0]).success[0]
    assert judged(opened, [0.13, 0.0, 0.0]).success[0]
    closed = started("vla_sim/CloseDrawer-v0")
    task = closed.task
    assert isinstance(task, CabinetTask)
    _, second, third = task.fixtures.travel()[0]
    assert not judged(closed, [0.02, second, third]).success[0]
    outcome = judged(closed, [0.005, second, third])
    assert outcome.success[0]
    assert not outcome.violations["wrong_drawer"][0]


@pytest.mark.parametrize(
    "task_id",
    [
        "vla_sim/PressButtonOrdinals-v0",
        "vla_sim/OpenDrawerSides-v0",
        "vla_sim/CloseDrawerSides-v0",
        "vla_sim/TurnKnobSides-v0",
    ],
)
def test_places_are_told_from_the_left_of_the_picture(task_id: str) -> None:
    task = make_task(task_id)
    for seed in range(50):
        scene = task.sample(stream(task_id, seed, "scene"))
        y = scene.values["xy"][:, 1]
        assert (np.diff(y) > 0.08).all(), "picture-right is +y"
        assert len(set(scene.values["colour"])) == 1
        assert all(goal.referent.colour == "" for goal in scene.goals)


def test_a_line_is_traced_in_order_and_its_other_end_is_another_goal() -> None:
    crank = started("vla_sim/TracePath-v0")
    task = crank.task
    assert isinstance(task, TracePath)
    succeeded, broken = follow(crank, 1, 64)
    assert not succeeded
    done = task.privileged()["path_next"][0]
    n_joints = task.config.n_links + 1
    assert done[1] == n_joints
    assert done[0] == 1, "of the other direction only the beginning was met, at the end"
    assert not any(fired for name, fired in broken.items() if name != "off_path")
    again = replace(draw_spec(crank.task_id, 3, manner="normal"), goal=0)
    crank.start(np.zeros(1, dtype=np.int64), [again])
    assert (task.privileged()["path_next"] == 0).all()


def test_leaving_the_line_is_off_path_and_nothing_else() -> None:
    crank = started("vla_sim/TracePath-v0", goal=2)
    task = crank.task
    assert isinstance(task, TracePath)
    while task.privileged()["path_next"][0, 2] < 3:
        _, broken = follow(crank, 2, 2)
        assert not any(broken.values())
    up: NDArray[np.float32] = np.array([[0.0, 0.0, 0.3, 0.0, 0.0, 0.0, -1.0]], dtype=np.float32)
    fired = set()
    for _ in range(20):
        result = crank.step(up)
        fired |= {name for name, broken_now in result.violations.items() if broken_now[0]}
    assert fired == {"off_path"}


def test_lines_run_from_left_to_right_and_keep_apart() -> None:
    for task_id in ("vla_sim/TracePath-v0", "vla_sim/TracePathCurvy-v0"):
        task = make_task(task_id)
        for seed in range(100):
            joints = task.sample(stream(task_id, seed, "scene")).values["joints"]
            assert (np.diff(joints[:, :, 1], axis=1) > 0.0).all()
            gaps = joints[0][:, None] - joints[1][None]
            assert np.sqrt((gaps**2).sum(axis=2)).min() > 0.04
