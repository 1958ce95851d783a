"""Cells of `benchmarks.alignment`: what acts on the aligned space."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import spearmanr

from benchmarks import many_tasks
from benchmarks.cells import cell
from benchmarks.many_tasks import QUIET
from benchmarks.repeat import default_of, settings_of, trained
from vla_sim.agents.progress import Progress
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import own_seed
from vla_sim.envs.suites import CORE, SPINE
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.choice import Choice
from vla_sim.loop.detecting.detect import DetectRun, detect
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.policies import best_checkpoint, learned, policy_of
from vla_sim.protocols.policy import Policy
from vla_sim.protocols.teacher import Teacher
from vla_sim.records.episode import Arm
from vla_sim.records.observation import PolicyInput
from vla_sim.records.reports import EvalReport

EPISODES = 100
PER_CORE_TASK = 50
"""Episodes a task with and without a verifier: 1,100 pairs over the core suite."""
PROPOSALS = 8
GUIDANCE = (1.0, 1.5, 2.0)
VERIFIED_ARMS: tuple[Arm, ...] = ("correct", "held_out")
GUIDED_ARMS: tuple[Arm, ...] = ("correct", "empty", "swapped", "wrong_referent")


def verifier(console: Console) -> dict[str, Any]:
    """The core model with and without proposals, on the same scenes."""
    run = many_tasks.core()

    def make() -> Mapping[str, Any]:
        policy = str(trained(run, console).path)
        return {
            arm: {
                "one": outcomes(Choice(name=policy), arm),
                "agreed": outcomes(Choice(name=policy, proposals=PROPOSALS), arm),
            }
            for arm in VERIFIED_ARMS
        }

    settings = settings_of(run, n=PER_CORE_TASK, proposals=PROPOSALS, arms=VERIFIED_ARMS)
    values: dict[str, Any] = cell("alignment/verifier", settings, make)
    return values


def outcomes(choice: Choice, arm: Arm) -> dict[str, list[bool]]:
    """Success of each scene of the core suite under an arm, by task."""
    seeds = range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + PER_CORE_TASK)
    found = {}
    for task_id in CORE:
        crank = Crank(task_id, 25, CrankConfig())
        plan = [planned_spec(task_id, seed, arm=arm) for seed in seeds]
        episodes = run_all(crank, policy_of(choice, crank), plan)
        found[task_id] = [episode.success_at_end for episode in episodes]
    return found


def detector(console: Console) -> dict[str, Any]:
    """The detector of the core model."""
    run = many_tasks.core()

    def make() -> Mapping[str, Any]:
        folder = trained(run, console)
        asked = DetectRun(policy=str(folder.path), tasks=("core",), episodes=PER_CORE_TASK)
        return asdict(detect(asked, console))

    values: dict[str, Any] = cell("alignment/detector", settings_of(run, n=PER_CORE_TASK), make)
    return values


def retrieval(console: Console) -> EvalReport:
    """Chunks of the default model's memory in the place of its decoder."""
    run = default_of(0)

    def make() -> Mapping[str, Any]:
        folder = trained(run, console)
        asked = BenchRun(
            policy=f"retrieval:{folder.path}", episodes=EPISODES, arms=("correct",), gallery=0
        )
        return {"report": to_json(bench(asked, QUIET))}

    return from_json(cell("alignment/retrieval", settings_of(run, n=EPISODES), make)["report"])


def guided(weight: float, console: Console) -> EvalReport:
    """The default model with its chunks led away from what no words give."""
    run = default_of(0)

    def make() -> Mapping[str, Any]:
        folder = trained(run, console)
        asked = BenchRun(
            policy=str(folder.path),
            guidance=weight,
            episodes=EPISODES,
            arms=GUIDED_ARMS,
            gallery=0,
        )
        return {"report": to_json(bench(asked, QUIET))}

    settings = settings_of(run, n=EPISODES, arms=GUIDED_ARMS, guidance=weight)
    return from_json(cell(f"alignment/guidance-{weight:g}", settings, make)["report"])


class _Looking:
    """A policy beside whom progress is written down."""

    needs_images = True

    def __init__(self, policy: Policy, progress: Progress) -> None:
        self.policy = policy
        self.progress = progress
        self.n_action_steps = policy.n_action_steps
        self.seen: dict[int, list[float]] = {}

    def reset(self, ids: NDArray[np.int64]) -> None:
        self.progress.reset(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        values = self.progress.potential(told)
        for seed, value in zip(told.own_seed.tolist(), values.tolist(), strict=True):
            self.seen.setdefault(seed, []).append(value)
        return self.policy.chunk(told)


def progress(console: Console) -> dict[str, Any]:
    """How steadily the potential rises over the default model's successes: Spearman's rho."""
    run = default_of(0)

    def make() -> Mapping[str, Any]:
        policy = str(trained(run, console).path)
        model = learned(best_checkpoint(Path(policy)))
        seeds = range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + PER_CORE_TASK)
        found: dict[str, list[float]] = {}
        for task_id in SPINE:
            crank = Crank(task_id, 16, CrankConfig())
            actor = policy_of(policy, crank)
            assert not isinstance(actor, Teacher)
            looking = _Looking(actor, Progress(model))
            episodes = run_all(crank, looking, [planned_spec(task_id, seed) for seed in seeds])
            rises = [looking.seen[own_seed(task_id, e.spec.seed)] for e in episodes]
            found[task_id] = [
                float(spearmanr(np.arange(len(rise)), rise).statistic)
                for rise, episode in zip(rises, episodes, strict=True)
                if episode.success_at_end and len(set(rise)) > 2
            ]
        return found

    values: dict[str, Any] = cell("alignment/progress", settings_of(run, n=PER_CORE_TASK), make)
    return values


CELLS: dict[str, Callable[[Console], object]] = {
    **many_tasks.CELLS,
    "verifier": verifier,
    "detector": detector,
    "retrieval": retrieval,
    **{f"guidance-{weight:g}": partial(guided, weight) for weight in GUIDANCE},
    "progress": progress,
}
"""Each measures a cell, if it is not there, and tells its values."""
