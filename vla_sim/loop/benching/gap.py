"""Gap: what the choice of the physics engine does to a policy's success and to open-loop motion."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from vla_sim.agents.replay import ReplayPolicy
from vla_sim.disk.atomic import write_json
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import rollout
from vla_sim.envs.suites import tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import ENGINE_TASKS, check_engines
from vla_sim.errors import BadConfig
from vla_sim.eval.statistics import mcnemar, paired_difference, wilson
from vla_sim.loop.acting import Acting
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM, MOST_EPISODES
from vla_sim.loop.outsiders import acting_for, try_out
from vla_sim.loop.paths import with_paths
from vla_sim.loop.progress import bar_of
from vla_sim.physics.engines import engine_id
from vla_sim.ranges import some, whole
from vla_sim.records.episode import Episode, Role
from vla_sim.records.reports import Estimate

FORMAT = "vla-sim engine gap 1"

Advance = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class GapRun(Acting):
    """Settings of a comparison of two engines."""

    tasks: tuple[str, ...] = tuple(short_name(t) for t in ENGINE_TASKS["pybullet"])
    """Tasks and suites by name; your own as path/to/file.py:name. Both engines must be declared for
    a task; of a suite, those for which they are not are left out."""
    engines: tuple[str, str] = ("mujoco", "pybullet")
    """The engine that records the actions, and the one that is compared with it."""
    episodes: int = 100
    """Paired episodes per task: the same scene, words and manner on both engines."""
    drift_steps: tuple[int, ...] = (50, 100, 200)
    """Control steps after which the two controlled points are compared."""
    n_slots: int = 16
    """Simulations at once; results do not depend on it."""
    out: Path | None = None
    """Write the numbers to this JSON file."""
    crank: CrankConfig = field(default_factory=CrankConfig)
    """Pictures for policies that look; its engine is replaced by each of `engines`."""

    def __post_init__(self) -> None:
        with_paths(self)
        self.check_actor()
        some(tasks=self.tasks, drift_steps=self.drift_steps)
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(1, n_slots=self.n_slots, drift_steps=self.drift_steps)
        if self.engines[0] == self.engines[1]:
            raise BadConfig(f"both engines are {self.engines[0]!r}; name two different ones")
        for engine in self.engines:
            check_engines(self.task_ids, engine)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks, engines=self.engines)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far apart the controlled points are after the same actions.

    Attributes:
        step: After how many control steps.
        n: Number of seeds.
        median_m: Half of the seeds drift less [m].
        p95_m: 95 % of the seeds drift less [m].
    """

    step: int
    n: int
    median_m: float
    p95_m: float


@dataclass(frozen=True, kw_only=True)
class TaskGap:
    """One task on two engines.

    Attributes:
        task_id: Gymnasium id.
        role: Whether who acted was a policy or a teacher, which is given the truth.
        success: {engine: success at end, with its Wilson interval}.
        difference: Second engine minus first, on the same seeds, with Newcombe's interval.
        p_value: Of equal success, by McNemar's exact test.
        diverged: {engine: episodes whose physics blew up}.
        drift: By step, in the order that was asked for.
    """

    task_id: str
    role: Role
    success: Mapping[str, Estimate]
    difference: Estimate
    p_value: float
    diverged: Mapping[str, int]
    drift: tuple[Drift, ...]


@dataclass(frozen=True, kw_only=True)
class GapReport:
    """All of it: engines with their versions, the policy, the seeds, and the tasks."""

    policy: str
    engines: tuple[str, str]
    first_seed: int
    n_episodes: int
    tasks: tuple[TaskGap, ...]


def gap(run: GapRun, console: Console) -> GapReport:
    """Measure the gap.

    Raises:
        UnknownName: If there is no such policy.
        BadConfig: If an engine is missing or cannot run a task.
        RunFolderError: If the file cannot be written.
    """
    if run.out is not None:
        check_outlet(run.out)
    for engine in run.engines:
        try_out(run.choice, run.task_ids, replace(run.crank, engine=engine))
    per_task = 2 * run.episodes + 2 * run.episodes
    with bar_of("gap", console) as progress:
        bar = progress.add_task("", total=per_task * len(run.task_ids))
        tasks = []
        for task_id in run.task_ids:
            progress.update(bar, description=short_name(task_id))
            tasks.append(_task_gap(run, task_id, lambda n: progress.advance(bar, n)))
    report = GapReport(
        policy=str(run.choice),
        engines=(engine_id(run.engines[0]), engine_id(run.engines[1])),
        first_seed=BENCH_SEEDS_FROM,
        n_episodes=run.episodes,
        tasks=tuple(tasks),
    )
    if run.out is not None:
        write_json(run.out, {"format": FORMAT, **asdict(report)})
    return report


def _task_gap(run: GapRun, task_id: str, advance: Advance) -> TaskGap:
    plan = plan_episodes(task_id, range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + run.episodes))
    n = min(run.n_slots, run.episodes)
    cranks = [Crank(task_id, n, replace(run.crank, engine=engine)) for engine in run.engines]
    runs: list[list[Episode]] = []
    for crank in cranks:
        ended = []
        for pair in rollout(crank, acting_for(run.choice, crank), plan):
            ended.append(pair)
            advance(1)
        runs.append([episode for _, episode in sorted(ended, key=lambda pair: pair[0])])
    success = [[episode.success_at_end for episode in episodes] for episodes in runs]
    points = [
        np.concatenate(list(_replayed(crank, runs[0], max(run.drift_steps), advance)))
        for crank in cranks
    ]
    apart = np.linalg.norm(points[1] - points[0], axis=2)
    first, second = run.engines
    return TaskGap(
        task_id=task_id,
        role=runs[0][0].role,
        success={
            engine: wilson(sum(hits), len(hits))
            for engine, hits in zip(run.engines, success, strict=True)
        },
        difference=paired_difference(success[1], success[0]),
        p_value=mcnemar(success[1], success[0]),
        diverged={
            engine: sum(episode.diverged for episode in episodes)
            for engine, episodes in zip((first, second), runs, strict=True)
        },
        drift=tuple(_drift(apart, step) for step in run.drift_steps),
    )


def _replayed(
    crank: Crank, episodes: Sequence[Episode], n_steps: int, advance: Advance
) -> Iterator[NDArray[np.float64]]:
    """Controlled points (m, n_steps + 1, 3) under the recorded actions, in blocks of m episodes.

    Where an episode ended, zero actions follow: the crank turns beyond an episode's end, and
    never starts anew.
    """
    padded = [replace(episode, actions=_padded(episode.actions, n_steps)) for episode in episodes]
    policy = ReplayPolicy(padded)
    ids = np.arange(crank.n)
    for first in range(0, len(padded), crank.n):
        block = padded[first : first + crank.n]
        # Slots without an episode of their own repeat the last one.
        specs = [block[min(k, len(block) - 1)].spec for k in range(crank.n)]
        crank.start(ids, specs)
        points = np.empty((crank.n, n_steps + 1, 3))
        points[:, 0] = crank.robot.motion.point
        for step in range(n_steps):
            told = crank.told(ids, crank.observe(ids, images=False))
            crank.step(policy.chunk(told)[:, 0])
            points[:, step + 1] = crank.robot.motion.point
        advance(len(block))
        yield points[: len(block)]


def _padded(actions: NDArray[np.float32], n_steps: int) -> NDArray[np.float32]:
    """The first n_steps of actions (T, n_act), zeros where there are fewer."""
    padded = np.zeros((n_steps, actions.shape[1]), dtype=np.float32)
    padded[: len(actions)] = actions[:n_steps]
    return padded


def _drift(apart: NDArray[np.float64], step: int) -> Drift:
    """Of distances (n, n_steps + 1) [m]."""
    median, p95 = np.quantile(apart[:, step], [0.5, 0.95])
    return Drift(step=step, n=len(apart), median_m=float(median), p95_m=float(p95))
