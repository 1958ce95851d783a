"""What the experts and the control policies are worth: `python benchmarks/experts.py`.

Success and manner over fixed seeds in the real tasks, and the CPU time of labels on states met
along the way. Exits with 1 if a bar of the table below is missed.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import POLICIES, ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.eval.body import body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.protocols.expert import Expert
from vla_sim.records.episode import Episode
from vla_sim.records.manner import MANNERS, MannerProfile
from vla_sim.records.triple import CHUNK_SIZE

FIRST_SEED = 10_000
BATCH = 64
SUCCESS_BAR = 0.98
MANNER_BAR = 0.95
CONTROL_BAR = 0.02
LABEL_BAR_US = {"panda": 40.0, "ackermann_car": 30.0}
"""CPU time of one (row, goal) chunk."""


def main() -> int:
    """Measure what the command line asks for; 0 if every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200, help="episodes of each task")
    parser.add_argument("--tasks", nargs="+", default=list(TASK_IDS))
    parser.add_argument("--policies", nargs="+", default=list(POLICIES), choices=list(POLICIES))
    parser.add_argument("--n-action-steps", type=int, default=2)
    told = parser.parse_args()
    holds = True
    for task_id in map(task_id_of, told.tasks):
        crank = Crank(task_id, min(told.n, BATCH))
        expert = expert_for(task_id, crank.embodiment, crank.task.manners)
        for name in told.policies:
            policy = POLICIES[name](task_id, crank.task)
            if name == "expert":
                policy = ExpertPolicy(expert, n_action_steps=told.n_action_steps)
            plan = plan_episodes(task_id, range(FIRST_SEED, FIRST_SEED + told.n))
            holds &= report(task_id, name, crank, run_all(crank, policy, plan))
        if "expert" in told.policies:
            cost_us = label_us(crank, expert)
            bar = LABEL_BAR_US[crank.embodiment.name]
            print(f"{task_id} labels {cost_us:.1f} us a chunk of {CHUNK_SIZE}, bar {bar}")
            holds &= cost_us <= bar
    return 0 if holds else 1


def report(task_id: str, name: str, crank: Crank, episodes: Sequence[Episode]) -> bool:
    """Print what a policy reached; True if its bars hold."""
    success = np.array([episode.success_at_end for episode in episodes])
    print(f"{task_id} {name}: success {success.mean():.3f} of {len(success)}")
    if name != "expert":
        return bool(success.mean() <= CONTROL_BAR)
    body = body_of(crank.embodiment, crank.task.manners)
    kept = np.array([manner_kept(episode, body) for episode in episodes])
    print(f"  manner kept {kept.mean():.3f}")
    for episode, is_success in zip(episodes, success, strict=True):
        if not is_success:
            print(f"  failed: {episode.spec}")
    for manner in MANNERS:
        mine = [k for k, episode in enumerate(episodes) if episode.spec.manner == manner]
        measured = np.array([motion_of(episodes[k], crank) for k in mine])
        bands = body.manners[manner]
        print(f"  {manner} (n {len(mine)}, kept {kept[mine].mean():.3f})")
        print(f"    median speed      {spread(measured[:, 0])} in {bands.typical_speed_band}")
        print(f"    95 % acceleration {spread(measured[:, 1])} under {bands.peak_acceleration}")
        print(f"    95 % jerk         {spread(measured[:, 2])} under {bands.peak_jerk}")
        print(f"    duration          {spread(measured[:, 3])} s")
    broken = Counter(v for e in episodes for v, steps in e.violations.items() if steps.any())
    print(f"  episodes with violations: {dict(broken)}")
    return bool(success.mean() >= SUCCESS_BAR and kept.mean() >= MANNER_BAR)


def motion_of(episode: Episode, crank: Crank) -> tuple[float, float, float, float]:
    """Median speed, 95th percentiles of acceleration and jerk over moving steps, duration [s]."""
    profile: MannerProfile = crank.task.manners[episode.spec.manner]
    group = crank.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[1:, group], axis=1)
    moving = speed > profile.still_speed
    acceleration = episode.acceleration[:, group]
    jerk = np.linalg.norm(np.diff(acceleration, axis=0), axis=1) / episode.control_dt_s
    return (
        float(np.median(speed[moving])),
        float(np.percentile(np.linalg.norm(acceleration, axis=1)[moving], 95.0)),
        float(np.percentile(jerk[moving[1:]], 95.0)),
        episode.n_steps * episode.control_dt_s,
    )


def spread(values: NDArray[np.float64]) -> str:
    """The 2nd, 50th and 98th percentile."""
    return " ".join(f"{value:6.2f}" for value in np.percentile(values, [2.0, 50.0, 98.0]))


def label_us(crank: Crank, expert: Expert) -> float:
    """CPU time of a chunk label, mean over the states of the expert's own episodes [us]."""
    plan = plan_episodes(crank.task_id, range(FIRST_SEED, FIRST_SEED + crank.n))
    run = Rollout(crank, ExpertPolicy(expert), plan)
    rng = np.random.default_rng(0)
    spent_s, n_chunks = 0.0, 0
    while len(run.active):
        rows = run.active
        state = {name: value[rows] for name, value in crank.task.privileged().items()}
        goal = rng.integers(crank.n_goals[rows])
        manner = rng.integers(len(MANNERS), size=len(rows))
        start_s = time.process_time()
        expert.chunk(state, goal, manner, CHUNK_SIZE)
        spent_s += time.process_time() - start_s
        n_chunks += len(rows)
        run.advance()
    return 1e6 * spent_s / n_chunks


if __name__ == "__main__":
    sys.exit(main())
