"""The mode "state" says where things are and what is wanted, in numbers that networks can take."""

from dataclasses import replace
from typing import Any, cast

import gymnasium
import numpy as np
import pytest

from vla_sim.envs.faces.state_mode import FAR
from vla_sim.envs.faces.vector_env import VlaVectorEnv
from vla_sim.envs.plan import draw_spec
from vla_sim.records.triple import N_QUERIES, PLACE, THING


def made(task_id: str, n: int = 2, **kwargs: Any) -> VlaVectorEnv:
    envs = gymnasium.make_vec(
        task_id, num_envs=n, obs_mode="state", render_mode=None, image_size=16, **kwargs
    )
    return cast(VlaVectorEnv, envs)


@pytest.mark.parametrize(
    "task_id",
    ["vla_sim/Reach-v1", "vla_sim/ChangeLane-v1", "vla_sim/PickPlace-v0", "vla_sim/Park-v0"],
)
def test_every_number_is_finite_and_its_way_leads_to_the_goal(task_id: str) -> None:
    envs = made(task_id)
    seen, _ = envs.reset(seed=7)
    crank = envs.crank
    assert all(np.isfinite(part).all() and np.abs(part).max() <= FAR for part in seen.values())
    assert envs.observation_space.contains(seen)
    asked = np.arange(2), crank.goal
    points = crank.task.points()
    told = seen["goal"][:, :-1].reshape(2, N_QUERIES, 4)
    assert np.array_equal(told[..., 3], points.exists[asked])
    way = points.at[asked] - crank.robot.motion.point[:, None]
    exists = points.exists[asked]
    assert np.allclose(told[..., :3][exists], way[exists], atol=1e-5)
    assert (told[..., :3][~exists] == 0.0).all()
    assert np.array_equal(seen["manner"].argmax(axis=1), crank.manner)
    assert (seen["manner"].sum(axis=1) == 1.0).all()


def test_what_is_asked_is_told_and_no_picture_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    envs = made("vla_sim/PickPlace-v0")

    def refuse(ids: object) -> None:
        raise AssertionError("a picture was drawn")

    monkeypatch.setattr(envs.crank.view, "rgb", refuse)
    specs = [replace(draw_spec("vla_sim/PickPlace-v0", 3), goal=goal) for goal in (0, 1)]
    seen, _ = envs.reset(options={"specs": specs})
    first, second = seen["goal"][:, :-1].reshape(2, N_QUERIES, 4)
    assert first[[THING, PLACE], 3].all()
    assert not np.array_equal(first, second), "the same scene, and another goal"
    assert np.array_equal(seen["world"][0], seen["world"][1])
    envs.step(np.zeros((2, 7), dtype=np.float32))


def test_a_robot_that_goes_the_way_it_is_told_arrives() -> None:
    envs = made("vla_sim/Reach-v1", 4)
    seen, _ = envs.reset(seed=40)
    won = np.zeros(4, dtype=bool)
    for _ in range(120):
        action = np.zeros((4, 7), dtype=np.float32)
        action[:, :3] = np.clip(4.0 * seen["goal"][:, :3], -1, 1)
        seen, _, terminated, _, info = envs.step(action)
        won |= terminated & info["is_success"]
    assert won.all()
