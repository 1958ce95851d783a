"""The same tasks, robots and experts on every engine."""

import numpy as np
import pytest

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.tasks import ENGINE_TASKS, TASKS
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.engines import ENGINES
from vla_sim.records.episode import Episode

BULLET = CrankConfig(engine="pybullet")


SEEDS = range(4)


def expert_episodes(task_id: str, n: int, seeds: range) -> list[Episode]:
    crank = Crank(task_id, n, BULLET)
    return run_all(crank, POLICIES["expert"](task_id, crank.task), plan_episodes(task_id, seeds))


def test_the_tables_name_the_same_engines() -> None:
    assert set(ENGINE_TASKS) <= set(ENGINES)
    assert all(set(declared) <= set(TASKS) for declared in ENGINE_TASKS.values())


@pytest.fixture(scope="module", params=ENGINE_TASKS["pybullet"])
def episodes(request: pytest.FixtureRequest) -> list[Episode]:
    """The expert's on PyBullet; slots are used again."""
    return expert_episodes(request.param, 3, SEEDS)


def test_experts_succeed_on_bullet_and_keep_their_limits(episodes: list[Episode]) -> None:
    assert all(episode.success_at_end for episode in episodes)
    for episode in episodes:
        broken = [name for name, steps in episode.violations.items() if steps.any()]
        assert not broken, f"seed {episode.spec.seed}"


def test_an_episode_does_not_depend_on_its_neighbours(episodes: list[Episode]) -> None:
    last = episodes[-1]
    (alone,) = expert_episodes(last.spec.task_id, 1, SEEDS[-1:])
    np.testing.assert_array_equal(alone.position, last.position)
    np.testing.assert_array_equal(alone.actions, last.actions)


def test_pictures_of_a_start_are_the_same() -> None:
    pictures = []
    for engine in ENGINES:
        crank = Crank("vla_sim/Lift-v1", 1, CrankConfig(engine=engine))
        crank.start(np.arange(1), [draw_spec("vla_sim/Lift-v1", 5)])
        pictures.append(crank.view.rgb(np.arange(1)))
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_a_task_on_an_engine_that_it_is_not_declared_for_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"ChangeLane-v1 is not declared .* vla_sim/Reach-v1"):
        Crank("vla_sim/ChangeLane-v1", 1, BULLET)
    with pytest.raises(UnknownName, match=r"no engine 'havok'; there are 'mujoco'.*'pybullet'"):
        Crank("vla_sim/Reach-v1", 1, CrankConfig(engine="havok"))
