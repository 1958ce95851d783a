"""Cells of `benchmarks.alignment`: trainings with and without it, and what acts on the space."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import spearmanr

from benchmarks import many_tasks
from benchmarks.cells import cell
from benchmarks.many_tasks import QUIET, RUNS
from benchmarks.repeat import default_of, settings_of, trained, training
from vla_sim.agents.progress import Progress
from vla_sim.align.objective import CONTRASTIVE, Weights
from vla_sim.align.priors import PRIORS
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import own_seed
from vla_sim.envs.suites import CORE, SPINE
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.aligning.closed_loop import AlignRun
from vla_sim.loop.benching.bench import BENCH_SEEDS_FROM, BenchRun, bench
from vla_sim.loop.choice import Choice
from vla_sim.loop.detecting.detect import DetectRun, detect
from vla_sim.loop.evaluation import planned_spec
from vla_sim.loop.policies import best_checkpoint, learned, policy_of
from vla_sim.loop.rl.finetune import finetune
from vla_sim.loop.rl.rl_features import KINDS
from vla_sim.protocols.policy import Policy
from vla_sim.protocols.teacher import Teacher
from vla_sim.recipes import finetune as finetune_recipes
from vla_sim.records.episode import Arm
from vla_sim.records.observation import PolicyInput
from vla_sim.records.reports import EvalReport

SEEDS = range(3)
EPISODES = 100
PER_CORE_TASK = 50
"""Episodes a task with and without a verifier: 1,100 pairs over the core suite."""
EQUAL_TIME = 1.25
"""Updates without the contrastive terms in the time of one with them: a fifth of its time is
theirs."""
LABEL_SHARE = 0.125
PROPOSALS = 8
GUIDANCE = (1.0, 1.5, 2.0)
GUIDED_ARMS: tuple[Arm, ...] = ("correct", "empty", "swapped", "wrong_referent")
HELD_OUT_ARMS: tuple[Arm, ...] = ("correct", "held_out", "other_language")


def aligned(seed: int) -> AlignRun:
    """The default recipe with a training seed: the training that `repeat` measures."""
    return default_of(seed)


def unaligned(seed: int) -> AlignRun:
    """The same without the contrastive terms, for as long."""
    run = weighed(aligned(seed), **dict.fromkeys(CONTRASTIVE, 0.0))
    updates = round(EQUAL_TIME * run.max_updates)
    return replace(run, max_updates=updates, out=RUNS / f"unaligned-{seed}")


def without_priors(seed: int) -> AlignRun:
    """The default recipe with no physical prior."""
    run = weighed(aligned(seed), **dict.fromkeys(PRIORS, 0.0))
    return replace(run, out=RUNS / f"without-priors-{seed}")


def few_labels(run: AlignRun) -> AlignRun:
    """A run that learns actions from a share of its rows only."""
    memory = replace(run.learner.memory, label_share=LABEL_SHARE)
    out = RUNS / f"few-labels-{run.out.name}"
    return replace(run, learner=replace(run.learner, memory=memory), out=out)


def weighed(run: AlignRun, **weights: float) -> AlignRun:
    """A run with some weights changed."""
    trainer = run.learner.trainer
    changed: Weights = replace(trainer.weights, **weights)
    return replace(run, learner=replace(run.learner, trainer=replace(trainer, weights=changed)))


def measured(run: AlignRun, console: Console) -> EvalReport:
    """A training, and its benchmark under true words, unseen wording and in the other language."""
    if run == default_of(run.seed):
        return training(run.seed, console)
    return many_tasks.benched(run, console, episodes=EPISODES, arms=HELD_OUT_ARMS)


def verifier(console: Console) -> dict[str, Any]:
    """The core model with and without proposals, on the same scenes."""
    run = many_tasks.core()

    def make() -> Mapping[str, Any]:
        policy = str(trained(run, console).path)
        return {
            "one": outcomes(Choice(name=policy)),
            "best": outcomes(Choice(name=policy, proposals=PROPOSALS)),
        }

    settings = settings_of(run, n=PER_CORE_TASK, proposals=PROPOSALS)
    values: dict[str, Any] = cell("alignment/verifier", settings, make)
    return values


def outcomes(choice: Choice) -> dict[str, list[bool]]:
    """Success of each scene of the core suite, by task."""
    seeds = range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + PER_CORE_TASK)
    found = {}
    for task_id in CORE:
        crank = Crank(task_id, 25, CrankConfig())
        plan = [planned_spec(task_id, seed) for seed in seeds]
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
    run = aligned(0)

    def make() -> Mapping[str, Any]:
        folder = trained(run, console)
        asked = BenchRun(
            policy=f"retrieval:{folder.path}", episodes=EPISODES, arms=("correct",), gallery=0
        )
        return {"report": to_json(bench(asked, QUIET))}

    return from_json(cell("alignment/retrieval", settings_of(run, n=EPISODES), make)["report"])


def guided(weight: float, console: Console) -> EvalReport:
    """The default model with its chunks led away from what no words give."""
    run = aligned(0)

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
    run = aligned(0)

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


def ppo(kind: str, seed: int, console: Console) -> dict[str, Any]:
    """PPO on Reach from the default model, given one kind of features."""
    encoder = aligned(0)
    (features,) = [known for known in KINDS if known == kind]
    run = replace(
        finetune_recipes.head(),
        seed=seed,
        features=features,
        encoder=encoder.out,
        out=RUNS / f"ppo-{kind}-{seed}",
    )

    def make() -> Mapping[str, Any]:
        trained(encoder, console)
        done = finetune(replace(run, resume=(run.out / "run.json").is_file()), console)
        return {"env_steps": done.n_env_steps, "steps_to_80": done.steps_to_80}

    kept = ("start", "features", "task", "seed", "n_slots", "max_env_steps", "stopping")
    settings = settings_of(encoder, ppo={name: getattr(run, name) for name in kept})
    values: dict[str, Any] = cell(f"alignment/{run.out.name}", settings, make)
    return values


_TRAININGS = {
    run.out.name: run
    for seed in SEEDS
    for make in (aligned, unaligned, without_priors)
    for run in (make(seed), *([] if make is without_priors else [few_labels(make(seed))]))
}
CELLS: dict[str, Callable[[Console], object]] = {
    **{name: partial(measured, run) for name, run in _TRAININGS.items()},
    **many_tasks.CELLS,
    "verifier": verifier,
    "detector": detector,
    "retrieval": retrieval,
    **{f"guidance-{weight:g}": partial(guided, weight) for weight in GUIDANCE},
    "progress": progress,
    **{f"ppo-{kind}-{seed}": partial(ppo, kind, seed) for kind in KINDS for seed in SEEDS},
}
"""Each measures a cell, if it is not there, and tells its values."""
