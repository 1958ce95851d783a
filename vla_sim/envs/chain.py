"""Chains: several instructions in one scene, one after the other, as CALVIN measures them.

Source:
    Mees et al., "CALVIN: A benchmark for language-conditioned policy learning for long-horizon
    robot manipulation tasks", RA-L 2022: the average number of instructions carried out in a row.
"""

from collections.abc import Sequence

from vla_sim.envs.streams import stream
from vla_sim.errors import BadConfig
from vla_sim.protocols.task import Goal
from vla_sim.records.episode import EpisodeSpec

MAX_INSTRUCTIONS = 5


def chained_goals(goals: Sequence[Goal], spec: EpisodeSpec, hold_steps: int) -> tuple[int, ...]:
    """The goals of an episode in the order in which they are asked.

    Each has another outcome than the one before it, so that it is never already reached.

    Args:
        goals: What can be asked in the scene.
        spec: The episode; `goal` is the first.
        hold_steps: How the task reads success.

    Raises:
        BadConfig: If the number of instructions is out of range, or the task reads success at the
            horizon's end, which leaves no time for a second instruction.
    """
    first, n = spec.goal % len(goals), spec.n_instructions
    if not 1 <= n <= MAX_INSTRUCTIONS:
        raise BadConfig(f"{n} instructions in one episode; use 1 to {MAX_INSTRUCTIONS}")
    if n > 1 and hold_steps == 0:
        raise BadConfig(
            f"{spec.task_id} reads success at the end of its horizon and cannot be chained"
        )
    rng = stream(spec.task_id, spec.seed, "chain")
    chain = [first]
    while len(chain) < n:
        done = goals[chain[-1]].outcome
        others = [k for k, goal in enumerate(goals) if goal.outcome != done]
        # What was not asked yet comes first.
        fresh = [k for k in others if k not in chain] or others
        chain.append(fresh[int(rng.integers(len(fresh)))])
    return tuple(chain)
