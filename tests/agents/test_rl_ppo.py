"""PPO's state survives as plain tensors, and the actor acts as PPO's policy does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from tests.agents.test_rl_slots import REACH, SMALL, Blind
from vla_sim.agents.rl_actor import RlActor
from vla_sim.agents.rl_ppo import PpoConfig, divergence, load_tensors, tensors_of
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, DamagedFile

QUICK = PpoConfig(n_steps=8, batch_size=8, n_epochs=2, hidden=32)


def fresh(config: PpoConfig = QUICK, seed: int = 0) -> PPO:
    env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind())
    return config.build(env, rate=lambda: 1e-3, seed=seed)


@pytest.fixture(scope="module")
def trained() -> PPO:
    ppo = fresh()
    ppo.learn(16, reset_num_timesteps=False)
    return ppo


def test_tensors_put_back_are_the_same_bits(trained: PPO) -> None:
    saved = {name: value.clone() for name, value in tensors_of(trained).items()}
    other = fresh(seed=1)
    assert any(not torch.equal(v, saved[k]) for k, v in tensors_of(other).items())
    load_tensors(other, saved)
    again = tensors_of(other)
    assert again.keys() == saved.keys()
    assert all(torch.equal(again[name], value) for name, value in saved.items())
    assert any(name.startswith("optimiser.") for name in saved)


def test_the_next_update_after_putting_back_is_the_same(trained: PPO) -> None:
    saved = {name: value.clone() for name, value in tensors_of(trained).items()}
    ends = []
    for _ in range(2):
        ppo = fresh(seed=3)
        load_tensors(ppo, saved)
        torch.manual_seed(5)
        ppo.learn(16, reset_num_timesteps=False)
        ends.append({name: value.clone() for name, value in tensors_of(ppo).items()})
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not torch.equal(ends[0]["action_net.weight"], saved["action_net.weight"])


def test_another_network_is_refused(trained: PPO) -> None:
    with pytest.raises(DamagedFile, match="another network"):
        load_tensors(fresh(replace(QUICK, hidden=16)), tensors_of(trained))


def test_the_actor_gives_the_mean_of_the_policy(trained: PPO) -> None:
    seen = np.random.default_rng(0).normal(size=(5, 13)).astype(np.float32)
    theirs, _ = trained.predict(seen, deterministic=True)
    np.testing.assert_allclose(RlActor(tensors_of(trained))(seen), theirs, atol=1e-6)


def test_an_action_does_not_depend_on_its_company(trained: PPO) -> None:
    actor = RlActor(tensors_of(trained))
    seen = np.random.default_rng(0).normal(size=(41, 13)).astype(np.float32)
    together = actor(seen)
    assert together.shape == (41, 7)
    for rows in ([0], [40], [3, 17, 29], list(range(40, -1, -1))):
        assert np.array_equal(actor(seen[rows]), together[rows])


def test_an_actor_without_its_weights_is_refused(trained: PPO) -> None:
    weights = tensors_of(trained)
    del weights["action_net.bias"]
    with pytest.raises(DamagedFile, match=r"lack 'action_net.bias'"):
        RlActor(weights)


@pytest.mark.parametrize("wrong", [{"n_steps": 1}, {"learning_rate": 0.0}, {"target_kl": -1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadConfig):
        replace(QUICK, **wrong)  # type: ignore[arg-type]  # names are checked by replace


def test_the_divergence_is_that_of_two_normal_distributions() -> None:
    mean, log_std, start = torch.randn(5, 3), torch.randn(3), -1.5
    mine = torch.distributions.Normal(mean, log_std.exp())
    began = torch.distributions.Normal(torch.zeros(5, 3), torch.full((3,), start).exp())
    expected = torch.distributions.kl_divergence(mine, began).sum(dim=-1)
    torch.testing.assert_close(divergence(mean, log_std, start), expected)
    assert float(divergence(torch.zeros(1, 3), torch.full((3,), start), start)) == 0.0


def test_a_policy_from_zero_acts_by_zeros_and_is_pulled_back_there() -> None:
    env = SlotVecEnv(Crank(REACH, 2, SMALL), Blind())
    ppo = QUICK.build(env, rate=lambda: 1e-2, seed=0, from_zero=True)
    seen = np.random.default_rng(0).normal(size=(5, 13)).astype(np.float32)
    assert not ppo.predict(seen, deterministic=True)[0].any()
    gone = {}
    for pull in (0.0, 100.0):
        ppo = QUICK.build(env, rate=lambda: 1e-2, seed=0, from_zero=True)
        ppo.ent_coef = pull
        ppo.learn(64, reset_num_timesteps=False)
        gone[pull] = float(np.abs(ppo.predict(seen, deterministic=True)[0]).mean())
    assert 0.0 < gone[100.0] < 0.5 * gone[0.0]
