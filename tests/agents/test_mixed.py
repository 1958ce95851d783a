"""The mixed policy: who acts, and that both are asked at the same pace."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy, ZeroPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.agents.mixed import MixedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.errors import BadConfig
from vla_sim.records.observation import PolicyInput

REACH = "vla_sim/Reach-v1"
N = 8


class Pushing:
    """A learner whose actions no expert gives."""

    needs_images = False

    def __init__(self, n_action_steps: int) -> None:
        self.n_action_steps = n_action_steps

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        return np.full((len(told), self.n_action_steps, told.embodiment.n_act), -7.0, np.float32)


@pytest.fixture(scope="module")
def crank() -> Crank:
    crank = Crank(REACH, N, CrankConfig(image_size=16))
    crank.start(np.arange(N), plan_episodes(REACH, range(N)))
    return crank


def mixed(crank: Crank) -> MixedPolicy:
    return MixedPolicy(ExpertPolicy(expert_for(REACH, crank.embodiment, crank.task.manners)))


def learner_acts(policy: MixedPolicy, crank: Crank) -> list[bool]:
    ids = np.arange(N)
    chunk = policy.teach(crank.known(ids, crank.observe(ids, images=False)))
    return [bool((one == -7.0).all()) for one in chunk]


def test_shares_from_none_to_all(crank: Crank) -> None:
    policy = mixed(crank)
    assert not any(learner_acts(policy, crank))
    policy.share_with(Pushing(2), 0.5)
    assert 0 < sum(learner_acts(policy, crank)) < N
    assert learner_acts(policy, crank) == learner_acts(policy, crank)
    policy.share_with(Pushing(2), 0.0)
    assert all(learner_acts(policy, crank))
    policy.share_with(None, 0.0)
    assert not any(learner_acts(policy, crank))


def test_who_is_asked_at_another_pace_would_meet_other_states(crank: Crank) -> None:
    policy = mixed(crank)
    with pytest.raises(BadConfig, match=r"expert runs 2 steps of a chunk, and the learner 4"):
        policy.share_with(Pushing(4), 0.5)
    with pytest.raises(BadConfig, match=r"and the learner 1"):
        policy.share_with(ZeroPolicy(n_act=7), 0.5)
