"""What does the alignment buy? Trainings with and without it, and what acts on the aligned space.

`python -m benchmarks.alignment` measures the cells that are missing, one after the other; `--only`
names some of them, so that two processes can share the work. `make claims CLAIMS=alignment` turns
the cells into rows; `--show` prints the rows whose cells are there, and measures nothing.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import spearmanr

from benchmarks import many_tasks
from benchmarks.cells import NotMeasured, cell, reading_only
from benchmarks.many_tasks import RUNS, of
from benchmarks.repeat import (
    default_of,
    rate,
    spread,
    trained,
    training,
)
from benchmarks.row import Row, percent
from vla_sim.agents.progress import Progress
from vla_sim.align.objective import GROUPS, Weights
from vla_sim.align.priors import PRIORS
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import own_seed
from vla_sim.envs.suites import CORE, SPINE
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.eval.statistics import mcnemar, paired_difference
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
from vla_sim.records.manner import MANNERS
from vla_sim.records.observation import PolicyInput
from vla_sim.records.reports import Estimate, EvalReport

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
QUIET = Console(quiet=True)


def aligned(seed: int) -> AlignRun:
    """The default recipe with a training seed: the training that `repeat` measures."""
    return default_of(seed)


def unaligned(seed: int) -> AlignRun:
    """The same without the contrastive terms, for as long."""
    run = weighed(aligned(seed), **dict.fromkeys(GROUPS["alignment"], 0.0))
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

    def make() -> Mapping[str, Any]:
        folder = trained(run, console)
        asked = BenchRun(policy=str(folder.path), episodes=EPISODES, arms=HELD_OUT_ARMS)
        return {"report": to_json(bench(asked, QUIET))}

    settings = of(run, episodes=EPISODES, arms=HELD_OUT_ARMS)
    return from_json(cell(f"alignment/{run.out.name}", settings, make)["report"])


def verifier(console: Console) -> dict[str, Any]:
    """The core model with and without proposals, on the same scenes."""
    run = many_tasks.core()

    def make() -> Mapping[str, Any]:
        policy = str(trained(run, console).path)
        return {
            "one": outcomes(Choice(name=policy)),
            "best": outcomes(Choice(name=policy, proposals=PROPOSALS)),
        }

    settings = of(run, n=PER_CORE_TASK, proposals=PROPOSALS)
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

    values: dict[str, Any] = cell("alignment/detector", of(run, n=PER_CORE_TASK), make)
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

    return from_json(cell("alignment/retrieval", of(run, n=EPISODES), make)["report"])


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

    settings = of(run, n=EPISODES, arms=GUIDED_ARMS, guidance=weight)
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

    values: dict[str, Any] = cell("alignment/progress", of(run, n=PER_CORE_TASK), make)
    return values


def ppo(kind: str, seed: int, console: Console) -> dict[str, Any]:
    """PPO on Reach from the default model, given one kind of features."""
    encoder = aligned(0)
    (features,) = [known for known in KINDS if known == kind]
    run = replace(
        finetune_recipes.default(),
        seed=seed,
        features=features,
        encoder=encoder.out,
        out=RUNS / f"ppo-{kind}-{seed}",
    )

    def make() -> Mapping[str, Any]:
        trained(encoder, console)
        done = finetune(replace(run, resume=(run.out / "run.json").is_file()), console)
        return {"env_steps": done.n_env_steps, "steps_to_80": done.steps_to_80}

    kept = ("features", "task", "seed", "n_slots", "max_env_steps", "target_success")
    settings = of(encoder, ppo={name: getattr(run, name) for name in kept})
    values: dict[str, Any] = cell(f"alignment/{run.out.name}", settings, make)
    return values


def verifier_rows(console: Console) -> Iterator[Row]:
    """Does it pay to propose?"""
    found = verifier(console)
    best = [hit for task_id in CORE for hit in found["best"][task_id]]
    one = [hit for task_id in CORE for hit in found["one"][task_id]]
    gain = paired_difference(best, one)
    yield Row(
        name=f"{PROPOSALS} proposals against one, core model, {gain.n} pairs",
        value=f"{points(gain)}, p = {mcnemar(best, one):.2g}",
        bar=">= +3 points, lower bound > 0",
        holds=gain.value >= 0.03 and gain.low > 0.0,
    )


def detector_rows(console: Console) -> Iterator[Row]:
    """Does it know before it ends?"""
    found = detector(console)
    bars = {"failure at half the horizon": 0.85, "mismatch": 0.95}
    for what, values in found["auroc"].items():
        area = Estimate(**values)
        bar = next((bar for name, bar in bars.items() if what.startswith(name)), None)
        yield Row(
            name=f"AUROC, {what}, held-out episodes of the core model, n = {area.n}",
            value=f"{area.value:.3f} [{area.low:.3f}, {area.high:.3f}]",
            bar="printed" if bar is None else f">= {bar}",
            holds=bar is None or area.value >= bar,
        )
    yield Row(
        name="median time from an alarm to the end of an episode that failed",
        value=f"{found['lead_s']:.1f} s",
        bar="printed",
        holds=True,
    )


def retrieval_rows(console: Console) -> Iterator[Row]:
    """What the space alone can do."""
    report, decoder = retrieval(console), measured(aligned(0), console)
    for task in report.tasks:
        name, value = short_name(task.task_id), task.rates["success_at_end"]
        has_bar = name.startswith(("Reach", "DriveToGoal"))
        beside = 100 * rate(decoder, task.task_id, "correct")
        yield Row(
            name=f"retrieval policy, {name}, n = {value.n}",
            value=f"{percent(value)}, the decoder {beside:.0f} %",
            bar=">= 60 %" if has_bar else "printed",
            holds=not has_bar or value.value >= 0.60,
        )


def guidance_rows(console: Console) -> Iterator[Row]:
    """What leading away from silence does under each arm."""
    for weight in GUIDANCE:
        report = guided(weight, console)
        said = ", ".join(
            f"{arm} {100 * np.mean([rate(report, task_id, arm) for task_id in SPINE]):.1f} %"
            for arm in GUIDED_ARMS
        )
        yield Row(name=f"guidance {weight:g}, success", value=said, bar="printed", holds=True)


def against_rows(
    console: Console, *, one: Callable[[int], AlignRun], other: Callable[[int], AlignRun], what: str
) -> Iterator[Row]:
    """Two trainings beside each other over seeds, under each arm."""
    reports = [{seed: measured(make(seed), console) for seed in SEEDS} for make in (one, other)]
    for arm in HELD_OUT_ARMS:
        first, second = (
            {
                seed: float(np.mean([rate(report, task_id, arm) for task_id in SPINE]))
                for seed, report in held.items()
            }
            for held in reports
        )
        gain = float(np.mean([first[seed] - second[seed] for seed in SEEDS]))
        yield Row(
            name=f"{what}, {arm.replace('_', ' ')}: aligned against unaligned, equal time",
            value=f"{spread(first)} against {spread(second)}: {100 * gain:+.1f} points",
            bar="printed",
            holds=True,
        )


def label_rows(console: Console) -> Iterator[Row]:
    """Are words and pictures worth labels of actions?"""
    yield from against_rows(
        console,
        one=lambda seed: few_labels(aligned(seed)),
        other=lambda seed: few_labels(unaligned(seed)),
        what=f"chunk labels on {LABEL_SHARE:g} of the rows",
    )


def wording_rows(console: Console) -> Iterator[Row]:
    """Does alignment carry over to other words?"""
    yield from against_rows(console, one=aligned, other=unaligned, what="all labels")


def prior_rows(console: Console) -> Iterator[Row]:
    """Do the priors bind?"""
    held = {
        name: {seed: measured(make(seed), console) for seed in SEEDS}
        for name, make in (("default", aligned), ("priors off", without_priors))
    }
    for metric, better in (("manner_kept", 1), ("comfortable", 1), ("violation/jerk", -1)):
        first, second = (
            {
                seed: float(np.mean([rate(r, task_id, "correct", metric) for task_id in SPINE]))
                for seed, r in held[name].items()
            }
            for name in ("default", "priors off")
        )
        worst = min(better * value for value in first.values())
        best = max(better * value for value in second.values())
        yield Row(
            name=f"{metric.replace('_', ' ')}, default against priors off, {len(SEEDS)} seeds",
            value=f"{spread(first)} against {spread(second)}",
            bar="better, the seeds apart",
            holds=worst > best,
        )
    yield from arm_rows(held["default"])


def arm_rows(reports: Mapping[int, EvalReport]) -> Iterator[Row]:
    """How the arm moves: Lift's manners, and comfort where nobody said "quickly"."""
    lift = {
        seed: rate(r, task_id_of("Lift"), "correct", "manner_kept") for seed, r in reports.items()
    }
    yield Row(
        name="Lift, manner kept",
        value=spread(lift),
        bar="mean >= 80 %",
        holds=float(np.mean(list(lift.values()))) >= 0.80,
    )
    unhurried = [manner for manner in MANNERS if manner != "quickly"]
    calm = {
        seed: float(
            np.mean(
                [
                    rate(report, task_id_of(name), "correct", f"comfortable/{manner}")
                    for name in ("Reach", "Lift")
                    for manner in unhurried
                ]
            )
        )
        for seed, report in reports.items()
    }
    yield Row(
        name="Reach and Lift, comfortable, mean over the manners that are not quickly",
        value=spread(calm),
        bar="mean >= 60 %",
        holds=float(np.mean(list(calm.values()))) >= 0.60,
    )


def progress_rows(console: Console) -> Iterator[Row]:
    """Does the potential rise?"""
    for task_id, rises in progress(console).items():
        yield Row(
            name=f"progress over time on successes of {short_name(task_id)}, n = {len(rises)}",
            value=f"Spearman's rho {np.mean(rises):.2f} in the mean" if rises else "no success",
            bar="printed",
            holds=True,
        )


def ppo_rows(console: Console) -> Iterator[Row]:
    """Which features practise fastest?"""
    for kind in KINDS:
        made = [ppo(kind, seed, console) for seed in SEEDS]
        said = ", ".join(
            f"{m['steps_to_80']:,}" if m["steps_to_80"] else f"never in {m['env_steps']:,}"
            for m in made
        )
        yield Row(
            name=f"PPO on Reach, env steps to 80 %, features: {kind}",
            value=said,
            bar="printed",
            holds=True,
        )


def points(gain: Estimate) -> str:
    """A difference of rates with its 95 % interval."""
    return f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"


ROWS: dict[str, Callable[[Console], Iterator[Row]]] = {
    "core": many_tasks.core_rows,
    "pick": many_tasks.pick_rows,
    "verifier": verifier_rows,
    "detector": detector_rows,
    "retrieval": retrieval_rows,
    "guidance": guidance_rows,
    "labels": label_rows,
    "wording": wording_rows,
    "priors": prior_rows,
    "progress": progress_rows,
    "ppo": ppo_rows,
}
"""{measurement: its rows; cells that are missing are measured first}."""
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


def shown(console: Console) -> Iterator[Row]:
    """The rows whose cells are all there; nothing is measured."""
    for rows in ROWS.values():
        try:
            with reading_only():
                found = list(rows(console))
        except NotMeasured as missing:
            console.print(f"not measured: {missing}", highlight=False)
        else:
            yield from found


def main() -> int:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(CELLS), help="cells to measure")
    parser.add_argument("--show", action="store_true", help="rows whose cells are there")
    said = parser.parse_args()
    console = Console()
    if said.show:
        for row in shown(console):
            print(f"{row.name}: {row.value} ({row.bar}): {'holds' if row.holds else 'FALLS SHORT'}")
        return 0
    for name in said.only or CELLS:
        console.rule(name)
        CELLS[name](console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
