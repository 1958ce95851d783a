"""Runs: what a policy does on the fixed seeds of a task, summed up, in two processes."""

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.eval.body import Body, body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.records.episode import Episode
from vla_sim.records.manner import Manner
from vla_sim.records.shift import Shift

N_PROCESSES = 2
N_SLOTS = 50
MOTION_VIOLATIONS = ("velocity", "acceleration", "jerk", "joint_limit", "collision")
"""What no expert may do under any manner."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which episodes to run."""

    task_id: str
    policy: str = "expert"
    n: int = 300
    manner: Manner | None = None
    """Drawn from each seed where none is given."""
    axis: str = ""
    severity: int = 0


@dataclass(frozen=True, kw_only=True)
class Summed:
    """What came of them, a row per seed."""

    asked: Asked
    success: tuple[bool, ...]
    manner_kept: tuple[bool, ...]
    violated: dict[str, int]
    """Episodes with a violation of the motion, by name."""
    mean_speed: tuple[float, ...]
    """Mean speed of the manner's motion group over the steps in which it moves [m/s]."""
    failed_seeds: tuple[int, ...]


def run(asked: Asked) -> Summed:
    """Run the episodes and sum them up.

    Raises:
        VlaSimError: If this machine has not what the axis needs.
    """
    shift = Shift(axis=asked.axis, severity=asked.severity)
    crank = Crank(
        asked.task_id, min(asked.n, N_SLOTS), crank_config_for(shift, CrankConfig(image_size=16))
    )
    seeds = range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + asked.n)
    plan = plan_episodes(
        asked.task_id, seeds, manner=asked.manner, axis=asked.axis, severity=asked.severity
    )
    episodes = run_all(crank, POLICIES[asked.policy](asked.task_id, crank.task), plan)
    body = body_of(crank.embodiment, crank.task.manners)
    violated = {
        name: sum(bool(e.violations[name].any()) for e in episodes) for name in MOTION_VIOLATIONS
    }
    return Summed(
        asked=asked,
        success=tuple(e.success_at_end for e in episodes),
        manner_kept=tuple(bool(manner_kept(e, body)) for e in episodes),
        violated={name: count for name, count in violated.items() if count},
        mean_speed=tuple(_mean_speed(e, body) for e in episodes),
        failed_seeds=tuple(e.spec.seed for e in episodes if not e.success_at_end),
    )


def run_many(asked: Iterable[Asked]) -> Iterator[Summed]:
    """The same for many, in their order."""
    with multiprocessing.get_context("spawn").Pool(N_PROCESSES) as pool:
        yield from pool.imap(run, asked)


def _mean_speed(episode: Episode, body: Body) -> float:
    profile = body.manners[episode.spec.manner]
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[1:, group], axis=1)
    moving = speed > profile.still_speed
    return float(speed[moving].mean()) if moving.any() else 0.0
