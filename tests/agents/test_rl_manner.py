"""A bounded manner is missed where the metric says so, once, when the episode ends."""

import numpy as np
import pytest

from benchmarks.deaf import deaf
from tests.agents.test_rl_slots import Blind
from vla_sim.agents.rl_bounds import Bounds, BoundsConfig
from vla_sim.agents.rl_manner import MannerWatch
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_slots import SlotsConfig, SlotVecEnv
from vla_sim.agents.rl_turn import take_turn
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.crankshaft import Crankshaft
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.eval.body import body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.records.manner import MANNER

SMALL = CrankConfig(image_size=16)


@pytest.mark.parametrize("task_id", ["vla_sim/Reach-v1", "vla_sim/ChangeLane-v1"])
def test_it_is_missed_where_the_metric_says_so(task_id: str) -> None:
    n = 12
    crank = Crank(task_id, n, SMALL)
    policy = deaf(crank, n_action_steps=1)
    plan = [draw_spec(task_id, seed) for seed in range(n)]
    body = body_of(crank.embodiment, crank.task.manners)
    kept = [manner_kept(episode, body) for episode in run_all(crank, policy, plan)]
    assert 0.0 < np.mean(kept) < 1.0

    shaft, everyone = Crankshaft([crank]), np.arange(n)
    bounds = [Bounds(BoundsConfig(most={MANNER: 0.1}), n)]
    bounds[0].price[MANNER] = 2.0
    watch = MannerWatch(shaft)
    shaft.start(everyone, plan)
    for begins in (watch.begin, bounds[0].begin):
        begins(everyone)
    over, owed, paid = np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(n)
    while not over.all():
        actions = policy.teach(crank.known(everyone, crank.observe(everyone, images=False)))
        turn = take_turn(
            shaft, actions[:, :1], reward=RewardConfig(), bounds=bounds, gamma=1.0, manners=watch
        )
        owed += np.where(over, 0.0, turn.owed[:, 0, 0])
        paid += np.where(over, 0.0, turn.reward - turn.success * turn.over)
        assert not owed[~(over | turn.over)].any()
        over |= turn.over
    assert owed.tolist() == [1.0 - each for each in kept]
    assert paid == pytest.approx(-2.0 * owed)


def test_episodes_that_are_flown_again_are_judged_whole() -> None:
    n, bounds = 12, BoundsConfig(most={MANNER: 0.1})
    each_step = SlotsConfig(action_repeat=1)
    first, again = (
        SlotVecEnv(Crank("vla_sim/Reach-v1", n, SMALL), Blind(), each_step, bounds=bounds)
        for _ in range(2)
    )
    policy = deaf(first.crank, n_action_steps=1)

    def step(env: SlotVecEnv) -> None:
        known = env.crank.known(np.arange(n), env.crank.observe(np.arange(n), images=False))
        env.step(policy.teach(known)[:, 0])

    first.reset()
    for _ in range(10):
        step(first)
    again.fly_again(first.flight.state)
    for env in (first, again):
        while env.n_ended < n:
            step(env)
    assert first.bounds[0].state() == again.bounds[0].state()
    assert 0.0 < first.bounds[0].shares[MANNER] < 1.0


def test_each_episode_of_a_slot_is_judged_by_itself() -> None:
    task_id = "vla_sim/Reach-v1"
    env = SlotVecEnv(Crank(task_id, 1, SMALL), Blind(), bounds=BoundsConfig(most={MANNER: 0.1}))
    env.check()
    env.reset()
    while env.n_ended < 2:
        env.step(np.zeros((1, 7), dtype=np.float32))
    assert env.bounds[0].shares == {MANNER: 1.0}  # standing still keeps no manner
    assert SlotVecEnv(Crank(task_id, 1, SMALL), Blind()).manners is None
