"""Reach and Lift on an ideal arm."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.agents.integrators import ARM, KinematicArm
from tests.agents.scenes import tables
from vla_sim.agents.experts.table import expert_for
from vla_sim.agents.experts.tool_motion import ToolMotionConfig
from vla_sim.assets.panda import PANDA_MANNERS
from vla_sim.errors import BadConfig
from vla_sim.records.manner import MANNERS, Manner

Floats = NDArray[np.float64]

DT_S = ARM.control_dt_s
N = 20
REACH = expert_for("vla_sim/Reach-v1", ARM, PANDA_MANNERS)
LIFT = expert_for("vla_sim/Lift-v1", ARM, PANDA_MANNERS)


def _goals(n: int) -> NDArray[np.int64]:
    return np.arange(n) % 3


def _reach(arm: KinematicArm, manner: Manner, n_steps: int, every: int) -> Floats:
    """Commanded velocities (T, n, 3) of Reach, asked again every few steps."""
    n = len(arm.tool)
    index = np.full(n, MANNERS.index(manner))
    velocities = []
    for t in range(n_steps):
        if t % every == 0:
            chunk = REACH.chunk(arm.privileged(), _goals(n), index, every)
        arm.step(chunk[:, t % every])
        velocities.append(arm.velocity.copy())
    return np.array(velocities)


def _norm(vectors: Floats) -> Floats:
    return np.asarray(np.linalg.norm(vectors, axis=-1))


def _lift_steps(arm: KinematicArm, manner: Manner, n_steps: int = 180) -> NDArray[np.int64]:
    """Step at which the goal's object had been up for five steps; -1 for never."""
    n = len(arm.tool)
    row, goal, index = np.arange(n), _goals(n), np.full(n, MANNERS.index(manner))
    up, done = np.zeros(n, dtype=int), np.full(n, -1)
    for t in range(n_steps):
        if t % 2 == 0:
            chunk = LIFT.chunk(arm.privileged(), goal, index, 2)
        arm.step(chunk[:, t % 2])
        is_up = arm.objects[row, goal, 2] - arm.half[row, goal] > 0.08
        up = np.where(is_up, up + 1, 0)
        done = np.where((done < 0) & (up >= 5), t, done)
    return done


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("every", [1, 2, 8])
def test_reach_arrives_and_stays(manner: Manner, every: int) -> None:
    arm = tables(N, 1)
    _reach(arm, manner, 120, every)
    target = arm.objects[np.arange(N), _goals(N)] + [0.0, 0.0, 0.022 + 0.03]
    assert _norm(arm.tool - target).max() < 0.003


@pytest.mark.parametrize("manner", MANNERS)
def test_reach_keeps_the_norms_of_its_manner(manner: Manner) -> None:
    velocity = _reach(tables(N, 2), manner, 100, 2)
    acceleration = np.diff(velocity, axis=0, prepend=0.0) / DT_S
    jerk = np.diff(acceleration, axis=0) / DT_S
    profile = PANDA_MANNERS[manner]
    assert _norm(velocity).max() <= profile.velocity
    assert _norm(acceleration).max() <= profile.acceleration
    assert np.percentile(_norm(jerk), 99.0) <= 1.1 * profile.jerk


def test_slowly_is_slower_than_normal_is_slower_than_quickly() -> None:
    duration = {}
    for manner in MANNERS:
        moving = _norm(_reach(tables(N, 3), manner, 120, 2)) > 0.02
        duration[manner] = moving.sum(axis=0)
    assert (duration["slowly"] > duration["normal"]).all()
    assert (duration["normal"] > duration["quickly"]).all()
    assert (duration["smoothly"] > duration["normal"]).all()


@pytest.mark.parametrize("manner", MANNERS)
def test_a_state_on_the_plan_continues_the_plan(manner: Manner) -> None:
    arm, goal = tables(N, 4), _goals(N)
    index = np.full(N, MANNERS.index(manner))
    whole = REACH.chunk(arm.privileged(), goal, index, 24)
    for t in range(8):
        arm.step(whole[:, t])
    rest = REACH.chunk(arm.privileged(), goal, index, 16)
    assert np.abs(rest[:, :, :3] - whole[:, 8:, :3]).max() < 0.03
    assert np.abs(rest[:, :, :3] - whole[:, 8:, :3]).mean() < 0.003


def test_reach_goes_straight() -> None:
    arm = tables(N, 5)
    start = arm.tool.copy()
    target = arm.objects[np.arange(N), _goals(N)] + [0.0, 0.0, 0.052]
    direct = _norm(target - start)
    path = _norm(_reach(arm, "normal", 100, 2)).sum(axis=0) * DT_S
    assert (path < 1.02 * direct).all()


@pytest.mark.parametrize("manner", MANNERS)
def test_lift_lifts(manner: Manner) -> None:
    assert (_lift_steps(tables(N, 6), manner) >= 0).all()


def test_lift_leaves_the_others_where_they_are() -> None:
    arm = tables(N, 7)
    before = arm.objects.copy()
    _lift_steps(arm, "normal", 80)
    others = np.ones((N, 3), dtype=bool)
    others[np.arange(N), _goals(N)] = False
    assert np.array_equal(arm.objects[others], before[others])


def test_a_hand_closed_on_nothing_opens_and_tries_again() -> None:
    arm = tables(N, 8)
    arm.width[:] = 0.0
    assert (_lift_steps(arm, "normal") >= 0).all()


def test_low_fingers_beside_an_object_rise_before_they_move_sideways() -> None:
    arm = tables(N, 9)
    goal = _goals(N)
    arm.tool = arm.objects[np.arange(N), goal] + [0.06, 0.0, 0.0]
    chunk = LIFT.chunk(arm.privileged(), goal, np.zeros(N, dtype=np.int64), 4)
    assert np.abs(chunk[:, :, :2]).max() < 1e-6
    assert (chunk[:, 0, 2] > 0.0).all()
    assert (_lift_steps(arm, "normal") >= 0).all()


def test_a_wrong_object_is_put_down_before_it_is_let_go() -> None:
    arm = tables(N, 10)
    goal = _goals(N)
    row, wrong = np.arange(N), (goal + 1) % 3
    arm.objects[row, wrong, 2] = 0.2
    arm.tool = arm.objects[row, wrong].copy()
    arm.width[:] = 0.044
    normal = np.zeros(N, dtype=np.int64)
    high = LIFT.chunk(arm.privileged(), goal, normal, 1)
    assert (high[:, 0, 6] < 0.0).all()
    assert (high[:, 0, 2] < 0.0).all()
    assert (_lift_steps(arm, "normal") >= 0).all()
    assert (arm.objects[row, wrong, 2] < 0.03).all()


def test_settings_that_contradict_physics_are_refused() -> None:
    with pytest.raises(BadConfig, match="lag_s"):
        ToolMotionConfig(dt_s=0.05, lag_s=-1.0)
    with pytest.raises(BadConfig, match="positive"):
        ToolMotionConfig(dt_s=0.0)
