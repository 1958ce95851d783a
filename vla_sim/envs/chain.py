"""Chains: several instructions in one scene, one after the other, as CALVIN measures them.

Source:
    Mees et al., "CALVIN: A benchmark for language-conditioned policy learning for long-horizon
    robot manipulation tasks", RA-L 2022: the average number of instructions carried out in a row.
"""

from collections.abc import Sequence

import numpy as np

from vla_sim.envs.streams import stream
from vla_sim.errors import BadConfig
from vla_sim.protocols.task import Goal, Scene, Task
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.instruction import Referent

MAX_INSTRUCTIONS = 5


def chained_goals(task: Task, scene: Scene, spec: EpisodeSpec) -> tuple[int, ...]:
    """The goals of an episode in the order in which they are asked.

    Each can be carried out after those before it, as the task says, and is not reached already.

    Args:
        task: Whose scene it is.
        scene: What can be asked in it.
        spec: The episode; `goal` is the first.

    Raises:
        BadConfig: If the number of instructions is out of range, the task reads success at the
            horizon's end, which leaves no time for a second instruction, or nothing can be asked
            after fewer instructions than that.
    """
    first, n = spec.goal % len(scene.goals), spec.n_instructions
    if not 1 <= n <= MAX_INSTRUCTIONS:
        raise BadConfig(f"{n} instructions in one episode; use 1 to {MAX_INSTRUCTIONS}")
    if n > 1 and task.hold_steps == 0:
        raise BadConfig(
            f"{spec.task_id} reads success at the end of its horizon and cannot be chained"
        )
    chain = _gone_on(task, scene, (first,), n, stream(spec.task_id, spec.seed, "chain"))
    if len(chain) < n:
        raise BadConfig(
            f"{n} instructions in one episode of {spec.task_id}, and in the scene of seed "
            f"{spec.seed} nothing can be asked after {len(chain)}: what is done stays done, or is "
            f"in the way; use 1 to {len(chain)}"
        )
    return chain


def _gone_on(
    task: Task, scene: Scene, chain: tuple[int, ...], n: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """A chain that begins so and has n goals, or as many as one can have."""
    if len(chain) == n:
        return chain
    able = task.can_follow(scene, chain)
    # What was not asked yet comes first.
    fresh = [k for k in able if k not in chain] or able
    longest = chain
    if fresh:
        drawn = fresh[int(rng.integers(len(fresh)))]
        for k in (drawn, *(k for k in (*fresh, *able) if k != drawn)):
            found = _gone_on(task, scene, (*chain, k), n, rng)
            if len(found) == n:
                return found
            longest = max(longest, found, key=len)
    return longest


def other_goals(goals: Sequence[Goal], asked: Sequence[int]) -> list[int]:
    """Those of another outcome than the last one's: it alone is still reached."""
    done = goals[asked[-1]].outcome
    return [k for k, goal in enumerate(goals) if goal.outcome != done]


def goals_not_asked(goals: Sequence[Goal], asked: Sequence[int]) -> list[int]:
    """Those of outcomes that were not asked: what is done stays done."""
    done = {goals[k].outcome for k in asked}
    return [k for k, goal in enumerate(goals) if goal.outcome not in done]


def goals_with_room(goals: Sequence[Goal], asked: Sequence[int]) -> list[int]:
    """Those whose target nothing was put on, and whose thing has nothing on it either."""
    lies: dict[Referent, Referent] = {}
    for k in asked:
        lies[goals[k].referent] = goals[k].target
    taken = set(lies.values())
    return [k for k, goal in enumerate(goals) if not {goal.referent, goal.target} & taken]
