"""Each violation of the motion can be forced, and then fires alone."""

import numpy as np
import pytest

from vla_sim.assets import ROBOTS
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.violations import motion_violations
from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment, MotionGroup

BODIES = [ROBOTS["panda"], ROBOTS["ackermann_car"]]
DERIVATIVES = ("velocity", "acceleration", "jerk")


def still(body: Embodiment) -> Motion:
    """A body at rest in the middle of its joints' ranges, four rows."""
    middle = [
        0.5 * (g.position_lower + g.position_upper) if np.isfinite(g.position_lower) else 0.0
        for g in body.motion
        for _ in range(g.size)
    ]
    zero = np.zeros((4, body.n_motion))
    return Motion(
        position=np.tile(middle, (4, 1)),
        velocity=zero.copy(),
        acceleration=zero.copy(),
        jerk=zero.copy(),
        point=np.zeros((4, 3)),
    )


def limit(group: MotionGroup, name: str) -> float:
    return float(getattr(group, f"{name}_limit"))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_norm_beyond_its_limit_fires_alone_and_one_below_does_not(
    body: Embodiment, name: str
) -> None:
    for group in body.motion:
        motion = still(body)
        part = body.motion_slice(group.name)
        unit = np.ones(group.size) / np.sqrt(group.size)
        getattr(motion, name)[1, part] = 0.999 * limit(group, name) * unit
        getattr(motion, name)[2, part] = 1.001 * limit(group, name) * unit
        broken = motion_violations(motion, body)
        assert broken.pop(name).tolist() == [False, False, True, False], group.name
        assert not any(rows.any() for rows in broken.values()), group.name


def test_a_joint_beyond_its_range_fires_alone() -> None:
    body = ROBOTS["panda"]
    for k in range(7):
        motion = still(body)
        motion.position[0, k] = body.motion[k].position_lower - 1e-3
        motion.position[3, k] = body.motion[k].position_upper + 1e-3
        broken = motion_violations(motion, body)
        assert broken.pop("joint_limit").tolist() == [True, False, False, True]
        assert not any(rows.any() for rows in broken.values())
    assert not motion_violations(still(body), body)["joint_limit"].any()


@pytest.mark.parametrize("task_id", ["vla_sim/Reach-v1", "vla_sim/DriveToGoal-v1"])
def test_an_action_out_of_range_is_clipped_and_fires_alone(task_id: str) -> None:
    crank = Crank(task_id, 2)
    crank.start(np.arange(2), plan_episodes(task_id, range(2)))
    action = np.zeros((2, crank.embodiment.n_act), dtype=np.float32)
    action[1, -1] = 1.5  # the gripper, or the wheels: neither moves the body much in one step
    fired = {name: rows.tolist() for name, rows in crank.step(action).violations.items()}
    assert fired.pop("action_range") == [False, True]
    assert not any(any(rows) for rows in fired.values())


def test_a_car_that_rolls_against_a_post_fires_collision_alone() -> None:
    task_id = "vla_sim/DriveToGoal-v1"
    crank = Crank(task_id, 1)
    crank.start(np.arange(1), plan_episodes(task_id, [0]))
    post = crank.task.privileged()["obstacle"][0, 0]
    start = np.array([[post[0] - 3.4, post[1], 0.0, 0.6]])
    crank.robot.reset(np.arange(1), start)
    crank.engine.forward(np.arange(1))
    crank.robot.after_step(np.arange(1))
    for _ in range(30):
        result = crank.step(np.zeros((1, 2), dtype=np.float32))
        fired = {name for name, rows in result.violations.items() if rows[0]}
        if fired:
            break
    else:
        pytest.fail("the car never hit the post")
    assert fired == {"collision"}
    assert result.terminated[0]
