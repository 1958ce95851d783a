"""Episodes of a watched policy, with what it showed of itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.watched import WatchedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import rollout
from vla_sim.envs.streams import own_seed
from vla_sim.eval.detection.detector import TracedEpisode
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.policies import best_checkpoint, learned, policy_of
from vla_sim.protocols.teacher import Teacher
from vla_sim.records.episode import Arm, Episode

ARMS: tuple[Arm, ...] = ("correct", "held_out", "wrong_referent")
"""What a detector learns from: true words, true words in wording never trained on, and words for
what is not there."""


def traced(
    choice: Choice,
    task_id: str,
    seeds: Sequence[int],
    *,
    arms: Sequence[Arm] = ARMS,
    n_slots: int,
    crank: CrankConfig,
    advance: Callable[[], None] = lambda: None,
) -> list[tuple[Episode, TracedEpisode]]:
    """Run a task's episodes under some arms and watch; results do not depend on `n_slots`.

    Args:
        choice: An aligned policy, by its folder.
        task_id: The task.
        seeds: A scene each.
        arms: What is said in each of them, in turn.
        n_slots: Simulations at once.
        crank: What they run on.
        advance: Told of each episode that ended.
    """
    made: list[tuple[Episode, TracedEpisode]] = []
    batch = Crank(task_id, min(n_slots, len(seeds)), crank)
    policy = policy_of(choice, batch)
    assert not isinstance(policy, Teacher)
    model = learned(best_checkpoint(Path(choice.name)))
    for arm in arms:
        watched = WatchedPolicy(policy, model)
        plan = [planned_spec(task_id, seed, arm=arm) for seed in seeds]
        for _, episode in rollout(batch, watched, plan):
            trace = watched.traces[own_seed(task_id, episode.spec.seed)]
            made.append((episode, _with_trace(episode, np.array(trace), policy.n_action_steps)))
            advance()
    return made


def _with_trace(episode: Episode, trace: NDArray[np.float32], n_action_steps: int) -> TracedEpisode:
    return TracedEpisode(
        task_id=episode.spec.task_id,
        trace=trace,
        decision_s=n_action_steps * episode.control_dt_s,
        duration_s=episode.n_steps * episode.control_dt_s,
        success=episode.success_at_end,
        mismatch=episode.spec.arm == "wrong_referent",
    )
