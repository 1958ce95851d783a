"""Demonstrators: who can decide for the slots of a residual policy that has learnt nothing yet."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import expert_policy
from vla_sim.agents.rl_hand import ResidualHand
from vla_sim.agents.rl_slots import SlotVecEnv

Floats = NDArray[np.float32]


def no_correction(env: SlotVecEnv) -> Callable[[], Floats]:
    """The start policy: no correction."""
    zeros = np.zeros((env.num_envs, env.shaft.embodiment.n_act), dtype=np.float32)
    return lambda: zeros


def expert_correction(env: SlotVecEnv) -> Callable[[], Floats]:
    """The correction that comes nearest to what the expert would do until the next decision.

    Args:
        env: Slots whose hand corrects a base.

    Returns:
        What decides for all slots as they are, (n, n_act) within [-1, 1].
    """
    hand, shaft, k = env.hand, env.shaft, env.config.action_repeat
    assert isinstance(hand, ResidualHand)
    experts = {c.task_id: expert_policy(c.task_id, c.task).expert for c in shaft.cranks}

    def decide() -> Floats:
        decided = np.zeros((shaft.n, shaft.embodiment.n_act), dtype=np.float32)
        for crank, ids in shaft.parts(np.arange(shaft.n)):
            known = crank.known(ids, crank.observe(ids, images=False))
            expert = experts[crank.task_id]
            wanted = expert.chunk(known.privileged, known.goal, known.manner, k)
            gap = np.clip(wanted, -1.0, 1.0) - hand.base.ahead(ids, k)
            decided[ids] = np.clip(gap.mean(axis=1) / hand.scale, -1.0, 1.0)
        return decided

    return decide
