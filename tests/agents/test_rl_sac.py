"""SAC begins at zero, is held there, and draws a share of each batch from demonstrations."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.utils import set_random_seed
from torch import nn

from tests.agents.test_rl_slots import REACH, SMALL, Blind
from vla_sim.agents.rl_actor import RlActor
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_priced import PricedBuffer
from vla_sim.agents.rl_sac import (
    DemonstratedBuffer,
    SacConfig,
    StartedActor,
    StartedSacPolicy,
    load_sac_tensors,
    sac_tensors,
)
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, DamagedFile

QUICK = SacConfig(n_steps=8, updates=4, batch_size=8, buffer=64, hidden=32, pull=0.1)
SEEN = np.random.default_rng(0).normal(size=(41, 13)).astype(np.float32)


def fresh(config: SacConfig = QUICK, seed: int = 0) -> SAC:
    env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind())
    return config.build(env, rate=lambda: 1e-2, seed=seed)


@pytest.fixture(scope="module")
def trained() -> SAC:
    sac = fresh()
    sac.learn(32, reset_num_timesteps=False)
    return sac


def test_it_begins_at_zero_with_noise_of_the_size_that_was_asked(trained: SAC) -> None:
    sac = fresh()
    assert not sac.predict(SEEN, deterministic=True)[0].any()
    torch.manual_seed(0)
    drawn, _ = sac.predict(np.repeat(SEEN[:1], 4000, axis=0), deterministic=False)
    assert np.arctanh(drawn).std() == pytest.approx(np.exp(QUICK.log_std), rel=0.03)
    assert trained.predict(SEEN, deterministic=True)[0].any()


def test_what_sac_holds_against_the_value_is_the_divergence_from_the_start() -> None:
    actor = fresh().actor
    assert isinstance(actor, StartedActor) and isinstance(actor.mu, nn.Linear)
    rows = torch.as_tensor(np.repeat(SEEN[:1], 20_000, axis=0))
    torch.manual_seed(0)
    with torch.no_grad():
        assert actor.action_log_prob(rows)[1].abs().max() < 1e-4
        actor.mu.bias.fill_(0.1)
        _, ratio = actor.action_log_prob(rows)
    std = np.exp(QUICK.log_std)
    assert float(ratio.mean()) == pytest.approx(7 * 0.5 * (0.1 / std) ** 2, rel=0.05)


def test_held_the_actor_stands_still_and_the_critic_learns() -> None:
    sac = fresh()
    before = {name: value.clone() for name, value in sac_tensors(sac).items()}
    assert isinstance(sac.policy, StartedSacPolicy)
    sac.policy.hold(True)
    sac.learn(16, reset_num_timesteps=False)
    after = sac_tensors(sac)
    for name, value in before.items():
        assert torch.equal(after[name], value) or not name.startswith("actor.")
    assert not torch.equal(after["critic.qf0.0.weight"], before["critic.qf0.0.weight"])
    sac.policy.hold(False)
    sac.learn(16, reset_num_timesteps=False)
    assert not torch.equal(sac_tensors(sac)["actor.mu.weight"], before["actor.mu.weight"])


def test_a_share_of_each_batch_is_demonstrated(trained: SAC) -> None:
    buffer = trained.replay_buffer
    assert isinstance(buffer, DemonstratedBuffer)
    space = trained.observation_space
    shown = PricedBuffer(8, space, trained.action_space, device="cpu", n_envs=2)
    for _ in range(4):
        rows = np.full((2, 13), 77.0, dtype=np.float32)
        shown.add(rows, rows, np.zeros((2, 7)), np.ones(2), np.zeros(2), [{}, {}])
    buffer.demonstrated = shown
    for share, n in ((0.0, 0), (0.25, 2), (0.5, 4), (1.0, 8)):
        buffer.share = share
        batch = buffer.sample(8)
        assert len(batch.rewards) == 8
        assert int((batch.observations == 77.0).all(dim=1).sum()) == n
    buffer.demonstrated = None


def test_what_is_remembered_is_paid_for_at_the_prices_of_today() -> None:
    bounds = BoundsConfig(most={"action_range": 0.1})
    env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind(), bounds=bounds)
    space, actions = env.observation_space, env.action_space
    memory = PricedBuffer(8, space, actions, device="cpu", n_envs=2)
    far = np.zeros((2, 7), dtype=np.float32)
    far[0] = 2.0  # beyond the range in each decision, and owed for the first
    for price in (0.0, 2.0):
        env.bounds[0].price["action_range"] = price
        memory.price(env.prices)
        seen = np.asarray(env.reset())
        for _ in range(2):
            after, paid, over, infos = env.step(far)
            memory.add(seen, np.asarray(after), far, paid, over, infos)
    assert memory.rewards.tolist() == [[-2.0, 0.0], [0.0, 0.0], [-2.0, 0.0], [0.0, 0.0]]
    memory.price(0.5 * env.prices)
    assert memory.rewards[:, 0].tolist() == [-1.0, 0.0, -1.0, 0.0]


def test_the_actor_gives_the_mean_of_the_policy_in_any_company(trained: SAC) -> None:
    actor = RlActor(sac_tensors(trained))
    theirs, _ = trained.predict(SEEN, deterministic=True)
    together = actor(SEEN)
    np.testing.assert_allclose(together, theirs, atol=1e-6)
    for rows in ([0], [40], [3, 17, 29], list(range(40, -1, -1))):
        assert np.array_equal(actor(SEEN[rows]), together[rows])


def test_tensors_put_back_go_on_alike(trained: SAC) -> None:
    saved = {name: value.clone() for name, value in sac_tensors(trained).items()}
    ends = []
    for seed in (1, 2):
        sac = fresh(seed=seed)
        load_sac_tensors(sac, saved)
        assert all(torch.equal(v, saved[k]) for k, v in sac_tensors(sac).items())
        set_random_seed(5)
        sac.learn(16, reset_num_timesteps=False)
        ends.append({name: value.clone() for name, value in sac_tensors(sac).items()})
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    with pytest.raises(DamagedFile, match="another network"):
        load_sac_tensors(fresh(replace(QUICK, hidden=16)), saved)


def test_demonstrations_that_nobody_gives_are_refused() -> None:
    with pytest.raises(BadConfig, match=r"demonstrations is 0.5, and nobody demonstrates"):
        SacConfig(expert_env_steps=0, start_env_steps=0)
    assert SacConfig(expert_env_steps=0, start_env_steps=0, demonstrations=0.0).batch_size
