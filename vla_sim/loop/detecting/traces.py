"""Episodes of a watched policy, with what it showed of itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

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

FITTING: tuple[Arm, ...] = ("correct", "held_out")
"""True words, and true words in wording never trained on."""
ARMS: tuple[Arm, ...] = (*FITTING, "wrong_referent")
"""What a detector learns from: those, and words for what is not there."""


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
    for arm in arms:
        policy = watched(choice, batch)
        plan = [planned_spec(task_id, seed, arm=arm) for seed in seeds]
        for _, episode in rollout(batch, policy, plan):
            made.append((episode, with_trace(episode, policy)))
            advance()
    return made


def watched(choice: Choice, crank: Crank) -> WatchedPolicy:
    """An aligned policy, by its folder, for the task of a crank, with its own model beside it."""
    policy = policy_of(choice, crank)
    assert not isinstance(policy, Teacher)
    return WatchedPolicy(policy, learned(best_checkpoint(Path(choice.name))))


def with_trace(episode: Episode, policy: WatchedPolicy) -> TracedEpisode:
    """An episode that a watched policy acted in, with what it showed."""
    task_id = episode.spec.task_id
    return TracedEpisode(
        task_id=task_id,
        scene=episode.spec.seed,
        trace=np.array(policy.traces[own_seed(task_id, episode.spec.seed)]),
        decision_s=policy.n_action_steps * episode.control_dt_s,
        duration_s=episode.n_steps * episode.control_dt_s,
        success=episode.success_at_end,
        mismatch=episode.spec.arm == "wrong_referent",
    )
