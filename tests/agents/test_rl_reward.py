"""A step is paid what the settings say, and settings that contradict each other are refused."""

from dataclasses import replace

import numpy as np
import pytest

from vla_sim.agents.rl_reward import RewardConfig, step_reward
from vla_sim.envs.step_result import StepResult
from vla_sim.errors import BadConfig, UnknownName

GAMMA = 0.9
DENSE = RewardConfig(kind="dense")
NO = np.zeros(3, dtype=np.bool_)
RESULT = StepResult(
    reward=np.array([0.2, 0.4, 0.6]),
    reward_terms={"near": np.array([0.1, 0.2, 1.0]), "still": np.array([0.3, 0.6, 0.2])},
    success=np.array([False, True, True]),
    terminated=np.array([False, False, True]),
    truncated=NO,
    diverged=NO,
    next_asked=NO,
    violations={
        "velocity": np.array([True, False, False]),
        "acceleration": np.array([True, False, False]),
        "jerk": NO,
        "joint_limit": NO,
        "collision": np.array([False, True, False]),
    },
)


def paid(config: RewardConfig) -> list[float]:
    return [round(float(r), 9) for r in step_reward(RESULT, config, gamma=GAMMA)]


def test_success_is_worth_what_standing_there_for_ever_is() -> None:
    assert paid(RewardConfig(kind="sparse")) == [0.0, 0.0, 1.0]
    assert paid(DENSE) == [0.02, 0.04, 1.06]
    for_ever = sum((1 - GAMMA) * GAMMA**t for t in range(2000))
    assert for_ever == pytest.approx(1.0)


def test_terms_are_weighed_by_name_and_their_scale_is_kept() -> None:
    assert paid(replace(DENSE, terms={"near": 1.0, "still": 1.0})) == paid(DENSE)
    assert paid(replace(DENSE, terms={"near": 5.0})) == [0.01, 0.02, 1.1]


def test_a_step_beyond_any_limit_of_the_body_costs_once() -> None:
    assert paid(RewardConfig(kind="sparse", prior=0.5)) == [-0.05, 0.0, 1.0]


def test_where_the_physics_diverged_no_term_is_paid() -> None:
    gone = replace(RESULT, diverged=np.array([True, False, False]), reward=np.zeros(3))
    config = replace(DENSE, terms={"near": 1.0})
    assert step_reward(gone, config, gamma=GAMMA)[0] == 0.0


def test_rewards_that_contradict_or_mean_nothing_are_refused() -> None:
    with pytest.raises(BadConfig, match=r"names near, and reward.kind is 'sparse'"):
        RewardConfig(kind="sparse", terms={"near": 1.0})
    with pytest.raises(BadConfig, match="gives every term the weight 0"):
        replace(DENSE, terms={"near": 0.0})
    with pytest.raises(BadConfig, match="terms near is -1"):
        replace(DENSE, terms={"near": -1.0})
    with pytest.raises(UnknownName, match="no kind of reward 'dens'"):
        RewardConfig(kind="dens")  # type: ignore[arg-type]  # a wrong word
    with pytest.raises(UnknownName, match=r"no reward term of X, 'nar'.*'near'"):
        replace(DENSE, terms={"nar": 1.0}).check_terms(RESULT.reward_terms, "X")
