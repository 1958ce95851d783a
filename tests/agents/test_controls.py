"""The control policies and the experts as policies."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy, RandomPolicy, ZeroPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.assets.panda import PANDA, PANDA_MANNERS
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig
from vla_sim.records.observation import Observation, PolicyInput


def _told(seeds: list[int], steps: list[int]) -> PolicyInput:
    n = len(seeds)
    return PolicyInput(
        observation=Observation(
            images={}, proprio=np.zeros((n, 12), dtype=np.float32), time_s=np.zeros(n)
        ),
        instructions=[],
        task_id="vla_sim/Reach-v1",
        embodiment=PANDA,
        row=np.arange(n),
        step=np.array(steps),
        own_seed=np.array(seeds),
    )


def test_zero_does_nothing() -> None:
    assert not ZeroPolicy(n_act=7).chunk(_told([1, 2], [0, 0])).any()


def test_random_is_a_function_of_its_own_seed_and_step_alone() -> None:
    policy = RandomPolicy(n_act=7)
    together = policy.chunk(_told([1, 2, 3], [0, 5, 5]))
    assert np.array_equal(policy.chunk(_told([2], [5]))[0], together[1])
    assert not np.array_equal(together[1], together[2])
    assert np.abs(together).max() <= 1.0


def test_an_expert_cannot_execute_more_than_it_plans() -> None:
    with pytest.raises(BadConfig, match="n_action_steps"):
        ExpertPolicy(
            expert_for("vla_sim/Reach-v1", PANDA, PANDA_MANNERS), n_action_steps=8, chunk_size=4
        )


@dataclass(frozen=True, kw_only=True)
class ZeroOrRandom:
    """Does nothing in every fourth slot and anything in the others: one crank turns for both."""

    zero: ZeroPolicy
    random: RandomPolicy
    needs_images: bool = False
    n_action_steps: int = 1

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        still = told.row[:, None, None] % 4 == 0
        return np.where(still, self.zero.chunk(told), self.random.chunk(told))


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_doing_nothing_and_doing_anything_fail(task_id: str) -> None:
    """That the expert succeeds is held by tests/envs/test_every_task.py."""
    crank = Crank(task_id, 8)
    n_act = crank.embodiment.n_act
    policy = ZeroOrRandom(zero=ZeroPolicy(n_act=n_act), random=RandomPolicy(n_act=n_act))
    plan = plan_episodes(task_id, range(500, 508))  # as many as slots: episode k runs in slot k
    success = np.array([episode.success_at_end for episode in run_all(crank, policy, plan)])
    still = np.arange(8) % 4 == 0
    assert not success[still].any()
    assert success[~still].sum() <= 1  # a rate of 2 % is measured with many more seeds
