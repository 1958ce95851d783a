"""Slots over states show what Gymnasium's batch shows, and draw no picture."""

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import PPO

from vla_sim.agents.rl_slots import SlotsConfig
from vla_sim.agents.rl_state import PARTS, StateSlots
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.errors import UnknownName

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=16)


def refuse(ids: object) -> None:
    raise AssertionError("a picture was drawn")


def test_both_faces_show_the_same_and_no_picture_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = StateSlots(Crank(REACH, 3, SMALL), SlotsConfig(action_repeat=1))
    monkeypatch.setattr(slots.crank.view, "rgb", refuse)
    envs = gymnasium.make_vec(REACH, num_envs=3, obs_mode="state", image_size=16)
    slots.seed(7)
    mine, (theirs, _) = slots.reset(), envs.reset(seed=7)
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert isinstance(mine, np.ndarray) and slots.observation_space.contains(mine[0])
        assert np.array_equal(mine, np.concatenate([theirs[part] for part in PARTS], axis=1))
        action = rng.uniform(-1, 1, (3, 7)).astype(np.float32)
        mine, theirs = slots.step(action)[0], envs.step(action)[0]


def test_parts_are_chosen_by_name() -> None:
    whole = StateSlots(Crank(REACH, 1, SMALL), parts=("world", "manner"))
    seen = whole.reset()
    assert isinstance(seen, np.ndarray) and seen.shape == (1, 29 + 5)
    with pytest.raises(UnknownName, match="no part of the state 'image'; there are 'goal'"):
        StateSlots(Crank(REACH, 1, SMALL), parts=("image",))


def test_ppo_learns_on_them() -> None:
    slots = StateSlots(Crank(REACH, 2, SMALL))
    ppo = PPO("MlpPolicy", slots, n_steps=4, batch_size=8, n_epochs=1, device="cpu", seed=0)
    before = [p.detach().clone() for p in ppo.policy.parameters()]
    ppo.learn(8)
    assert any((a != b).any() for a, b in zip(before, ppo.policy.parameters(), strict=True))
