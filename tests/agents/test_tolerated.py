"""Somebody else's policy: what fails in an episode costs that episode alone."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.tolerated import ToleratedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.errors import PolicyUnreachable
from vla_sim.eval.failures import failure_kind
from vla_sim.records.episode import Episode
from vla_sim.records.observation import PolicyInput

CAR = "vla_sim/DriveToGoal-v1"
PLAN = plan_episodes(CAR, range(40, 46))


class Troubled:
    """Drives straight on; in some episodes, from some step on, it fails in one way."""

    needs_images = False
    n_action_steps = 2

    def __init__(self, way: str) -> None:
        self.way = way

    def chunk(self, told: PolicyInput) -> Any:
        bad = (told.own_seed % 3 == 0) & (told.step >= 4)
        chunk = np.full((len(told), 4, told.embodiment.n_act), 0.25)
        if bad.any() and self.way == "raises":
            raise KeyError("my own mistake")
        if self.way == "nan":
            chunk[bad, 1] = np.nan
        if bad.any() and self.way == "shape":
            return chunk[:, :, :1]
        if bad.any() and self.way == "length":
            return chunk[:, :3]
        if bad.any() and self.way == "dtype":
            return chunk.astype(np.int64)
        return chunk


def ran(way: str, n: int) -> list[Episode]:
    crank = Crank(CAR, n, CrankConfig(image_size=16))
    crank.horizon_steps = 8
    return run_all(crank, ToleratedPolicy(Troubled(way)), PLAN)


WAYS = {
    "raises": "KeyError: 'my own mistake'",
    "nan": "BadAction: Troubled returned nan",
    "shape": "BadAction: Troubled returned the shape",
    "length": "BadAction: Troubled returned 3 steps, and 4 before",
    "dtype": "BadAction: Troubled returned int64",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_costs_its_episode_alone_and_does_not_depend_on_the_batch(way: str) -> None:
    well, together, alone = ran("well", 6), ran(way, 6), ran(way, 1)
    failed = [bool(episode.policy_failure) for episode in together]
    assert 0 < sum(failed) < len(failed)
    for fine, one, other in zip(well, together, alone, strict=True):
        assert np.array_equal(one.actions, other.actions)
        assert one.policy_failure == other.policy_failure
        if one.policy_failure:
            assert one.policy_failure.startswith(WAYS[way])
            assert failure_kind(one) == "policy_failed"
            assert not one.success_once and not one.success_at_end
            assert one.n_steps == 5, "it ends with the step in which there was no chunk"
        else:
            assert np.array_equal(one.actions, fine.actions)


class Counting(Troubled):
    """Has something of its own by the name under which failures are told."""

    def __init__(self, failures: object) -> None:
        super().__init__("nan")
        self.failures = failures


@pytest.mark.parametrize(
    "failures", [0, {0: ValueError("boom")}, {0: ""}, ["boom"], {0: "out of reach"}]
)
def test_what_a_policy_says_of_its_failures_is_believed_if_it_is_a_reason(failures: object) -> None:
    crank = Crank(CAR, 1, CrankConfig(image_size=16))
    crank.horizon_steps = 8
    policy = ToleratedPolicy(Counting(failures))
    told = [episode.policy_failure for episode in run_all(crank, policy, PLAN)]
    said = "out of reach" if failures == {0: "out of reach"} else "BadAction: Counting returned nan"
    assert 0 < sum(bool(why) for why in told) < len(told)
    assert {why for why in told if why} == {said}


def test_a_server_that_is_gone_is_no_failure_of_an_episode() -> None:
    class Gone(Troubled):
        def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
            raise PolicyUnreachable("gone")

    crank = Crank(CAR, 2, CrankConfig(image_size=16))
    with pytest.raises(PolicyUnreachable, match="gone"):
        run_all(crank, ToleratedPolicy(Gone("")), PLAN[:2])
