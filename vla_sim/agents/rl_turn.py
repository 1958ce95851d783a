"""A turn: one decision in every slot, for as many control steps as it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.rl_bounds import Bounds
from vla_sim.agents.rl_hand import Floats
from vla_sim.agents.rl_manner import MannerWatch
from vla_sim.agents.rl_reward import RewardConfig, step_reward
from vla_sim.envs.crankshaft import Crankshaft
from vla_sim.records.manner import MANNER


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a decision brought, n rows.

    Attributes:
        over: The episode ended within it.
        truncated: Its horizon ended it.
        success: It succeeded, at its last step so far.
        reward: The steps' rewards, each discounted from the one before.
        n_steps: Control steps until the episode's end.
        owed: float64 (n, tasks, bounds), which bounds were broken for the first time in the
            episode: discounted as rewards are, at a price of 1.
    """

    over: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    success: NDArray[np.bool_]
    reward: NDArray[np.float64]
    n_steps: NDArray[np.int64]
    owed: NDArray[np.float64]


def take_turn(
    shaft: Crankshaft,
    actions: Floats,
    *,
    reward: RewardConfig,
    bounds: Sequence[Bounds],
    gamma: float,
    manners: MannerWatch | None = None,
) -> Turn:
    """Run the actions of a decision in all slots; nothing begins.

    A slot that ends within them runs on unseen to the end of them: what happens there is not
    rewarded.

    Args:
        shaft: Where to act.
        actions: (n, k, n_act).
        reward: What is paid.
        bounds: What violations cost in each of the shaft's tasks.
        gamma: Discount per control step.
        manners: Who watches the manner, where that is bounded.
    """
    n = shaft.n
    over = np.zeros(n, dtype=bool)
    truncated = np.zeros(n, dtype=bool)
    success = np.zeros(n, dtype=bool)
    total = np.zeros(n)
    n_steps = np.zeros(n, dtype=np.int64)
    owed = np.zeros((n, len(bounds), len(bounds[0].price)))
    for k in range(actions.shape[1]):
        result = shaft.step(actions[:, k])
        live = ~over
        violations = result.violations
        if manners is not None:
            violations = {**violations, MANNER: manners.missed(result, live)}
        paid = step_reward(result, reward, gamma=gamma)
        for place, of_task in enumerate(bounds):
            first = of_task.first(violations, live & (shaft.place == place))
            paid -= of_task.worth(first)
            owed[:, place] += gamma**k * first.T
        total += np.where(live, gamma**k * paid, 0.0)
        success = np.where(live, result.success, success)
        truncated |= live & result.truncated & ~result.terminated
        over |= result.terminated | result.truncated
        n_steps += live
    return Turn(
        over=over,
        truncated=truncated,
        success=success,
        reward=total,
        n_steps=n_steps,
        owed=owed,
    )
