"""Physical priors against the robots themselves: what a chunk is said to do, the simulator does."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.body import Body
from vla_sim.align.bounds import SLOWEST_MARGIN, bounds_of
from vla_sim.align.losses.motion import SIDES, InHand, filtered, planned_motion
from vla_sim.envs.crank import Crank
from vla_sim.envs.language.codes import encode, manners_of
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.tasks import make_task
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS

K = 8


def body_of(task_id: str) -> Body:
    embodiment = make_task(task_id).robot.embodiment
    n = embodiment.n_proprio
    return Body.of(
        embodiment,
        proprio_centre=(0.0,) * n,
        proprio_scale=(1.0,) * n,
        goal_centre=(0.0, 0.0, 0.0),
        goal_scale=(1.0, 1.0, 1.0),
    )


def start(crank: Crank) -> None:
    ids = np.arange(crank.n)
    crank.start(ids, plan_episodes(crank.task_id, range(len(ids))))


def near_rest(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Gentle twists, far from what any limit cuts."""
    action = np.zeros((n, 7), dtype=np.float32)
    action[:, :3] = rng.uniform(-0.05, 0.05, (n, 3))
    action[:, 6] = 1.0
    return action


def test_planned_motion_of_an_arm_is_what_its_command_filter_does() -> None:
    crank = Crank("vla_sim/Reach-v1", 4)
    start(crank)
    rng = np.random.default_rng(0)
    body = body_of("vla_sim/Reach-v1")
    (limit,) = [limit for limit in body.limits if limit.held >= 0]
    for _ in range(5):  # under way, so that there is a motion in hand
        crank.step(near_rest(rng, 4))
    before = torch.as_tensor(crank.robot.proprio(), dtype=torch.float64)
    actions = np.stack([near_rest(rng, 4) for _ in range(K)], axis=1)
    seen = []
    for k in range(K):
        crank.step(actions[:, k])
        seen.append(torch.as_tensor(crank.robot.proprio(), dtype=torch.float64))
    planned = planned_motion(
        torch.as_tensor(actions)[..., :3] * limit.scale,
        order=1,
        dt_s=body.control_dt_s,
        bandwidth_fraction=body.bandwidth_fraction,
        hand=InHand(command_NA=before[:, 5:8], rate_NA=before[:, 9:12]),
    )
    states = torch.stack(seen, dim=1)
    rate = torch.cat((before[:, None, 9:12], states[:, :, 9:12]), dim=1)
    assert planned.speed_NK is not None
    close = torch.testing.assert_close
    close(planned.speed_NK, states[:, :, 5:8].norm(dim=-1), atol=1e-4, rtol=1e-3)
    close(planned.acceleration_NK, states[:, :, 9:12].norm(dim=-1), atol=2e-3, rtol=1e-3)
    jerk = torch.diff(rate, dim=1).norm(dim=-1) / body.control_dt_s
    close(planned.jerk_NK, jerk, atol=0.1, rtol=1e-2)


def test_planned_motion_of_a_car_is_what_it_does() -> None:
    crank = Crank("vla_sim/ChangeLane-v1", 2)
    start(crank)
    body = body_of("vla_sim/ChangeLane-v1")
    assert body.steering is not None
    action = np.array([[0.1, 0.05], [-0.1, -0.05]], dtype=np.float32)
    for _ in range(5):
        crank.step(action)
    before = torch.as_tensor(crank.robot.proprio(), dtype=torch.float64)
    speed, lateral = [], []
    for _ in range(K):
        crank.step(action)
        speed.append(crank.robot.motion.velocity[:, 0])
        lateral.append(np.linalg.norm(crank.robot.motion.acceleration[:, 3:5], axis=1))
    chunk = torch.as_tensor(np.repeat(action[:, None], K, axis=1))
    planned = planned_motion(
        chunk[..., :1] * body.limits[0].scale,
        order=2,
        dt_s=body.control_dt_s,
        bandwidth_fraction=body.bandwidth_fraction,
        hand=InHand(command_NA=before[:, 6:7], speed_N=before[:, 5], curvature_N=before[:, 7]),
        curvature_NK=chunk[..., 1] * body.steering.scale,
        sideways_N=torch.ones(2, dtype=torch.float64),
    )
    assert planned.speed_NK is not None
    np.testing.assert_allclose(planned.speed_NK.numpy(), np.stack(speed, 1), rtol=0.01)
    np.testing.assert_allclose(planned.acceleration_NK.numpy(), np.stack(lateral, 1), rtol=0.15)


def test_a_chunk_that_keeps_the_motion_in_hand_has_no_jerk_and_one_that_does_not_has() -> None:
    held = torch.tensor([[0.2, 0.0, 0.0]])

    def jerk(command: Tensor) -> float:
        return (
            planned_motion(
                command,
                order=1,
                dt_s=0.05,
                bandwidth_fraction=0.4,
                hand=InHand(command_NA=held, rate_NA=torch.zeros(1, 3)),
            )
            .jerk_NK.max()
            .item()
        )

    assert jerk(held[:, None].expand(1, K, 3)) < 1e-3
    assert jerk(torch.zeros(1, K, 3)) > 10.0  # a stop at once: the first difference counts


def test_filter_goes_on_from_what_it_holds() -> None:
    command, held = torch.ones(1, K, 1), torch.full((1, 1), -1.0)
    passed = filtered(command, bandwidth_fraction=0.4, held_NA=held).flatten()
    keep = float(np.exp(-np.pi * 0.4))
    torch.testing.assert_close(passed, 1.0 - 2.0 * keep ** torch.arange(1.0, K + 1.0))


@pytest.mark.parametrize("task_id", ["vla_sim/Lift-v1", "vla_sim/DriveToGoal-v1"])
def test_no_bound_forbids_what_the_manner_plans(task_id: str) -> None:
    task = make_task(task_id)
    table = bounds_of(task.robot.embodiment, task.manners)
    at = SIDES.index
    for row, manner in zip(table, MANNERS, strict=True):
        profile = task.manners[manner]
        assert row[at("fastest")] >= np.float32(profile.velocity)
        assert np.float32(profile.acceleration) <= row[at("acceleration")]
        assert row[at("acceleration")] <= profile.peak_acceleration
        assert np.float32(profile.jerk) <= row[at("jerk")] <= profile.peak_jerk
        low = profile.typical_speed_band[0]
        assert row[at("slowest")] == pytest.approx(SLOWEST_MARGIN * low, rel=1e-6)


def test_a_meaning_tells_its_manner() -> None:
    meanings = [
        Meaning(intent_id="reach", referent=Referent(colour="red", shape="ball"), manner=manner)
        for manner in MANNERS
    ]
    codes = np.array([[encode(meaning) for meaning in meanings]])
    np.testing.assert_array_equal(manners_of(codes), [range(len(MANNERS))])
