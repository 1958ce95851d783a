"""One model for many tasks: the core in an hour, a thing and its place in ten minutes.

A part of `benchmarks.alignment`, whose cells and rows these are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.cells import NotMeasured, cell
from benchmarks.over_seeds import (
    Reports,
    control_rows,
    over_tasks,
    rate,
    recall_row,
    spread,
    wording_rows,
)
from benchmarks.repeat import settings_of, trained
from benchmarks.row import Row
from vla_sim.envs.task_names import short_name
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.evaluation import ALL_ARMS
from vla_sim.recipes import align as align_recipes
from vla_sim.records.episode import Arm
from vla_sim.records.reports import EvalReport

CORE_SEEDS = range(2)
CORE_EPISODES = 50
PICK_SEEDS = range(3)
PICK_EPISODES = 100
PICK_UPDATES = 6_000
RUNS = Path("runs") / "alignment"
"""Run folders with their checkpoints; the cells outlive them."""
QUIET = Console(quiet=True)


def core(seed: int = 0) -> AlignRun:
    """One model for the tasks of the core suite, with a training seed."""
    return replace(align_recipes.core(), seed=seed, out=RUNS / f"core-{seed}")


def reach_and_pick(seed: int) -> AlignRun:
    """Reach and PickPlace in one model, by the recipe of the core, for ten minutes.

    With two tasks its simulators would be idle most of the time: rounds are shorter and bring more.
    What an error of steering counts is not asked as it is there: nothing is steered, and trainings
    that were measured stay those of this recipe.
    """
    run = replace(align_recipes.core(), tasks=("Reach", "PickPlace"), seed=seed)
    trainer = run.learner.trainer
    trainer = replace(trainer, model=replace(trainer.model, sideways=False))
    run = replace(run, learner=replace(run.learner, trainer=trainer))
    run = replace(run, max_updates=PICK_UPDATES, updates_per_round=100, rows_per_round=1_024)
    return replace(run, out=RUNS / f"reach-and-pick-{seed}")


def benched(
    run: AlignRun, console: Console, *, episodes: int, arms: Sequence[Arm] = ALL_ARMS
) -> EvalReport:
    """A training, and its benchmark on the tasks that it learnt."""

    def make() -> Mapping[str, Any]:
        policy = str(trained(run, console).path)
        asked = BenchRun(policy=policy, tasks=run.tasks, episodes=episodes, arms=tuple(arms))
        return {"report": to_json(bench(asked, QUIET))}

    settings = settings_of(run, episodes=episodes, arms=arms)
    return from_json(cell(f"alignment/{run.out.name}", settings, make)["report"])


def many_rows(reports: Reports, what: str, bars: Mapping[str, float]) -> Iterator[Row]:
    """Rows of one model for several tasks over seeds: each task with a bar, and every arm."""
    by_task = {
        task.task_id: {seed: rate(r, task.task_id, "correct") for seed, r in reports.items()}
        for report in reports.values()
        for task in report.tasks
    }
    mean = over_tasks(reports, by_task, "correct")
    for task_id, found in by_task.items():
        bar = bars.get(short_name(task_id))
        yield Row(
            name=f"{what}: {short_name(task_id)}",
            value=spread(found),
            bar="printed" if bar is None else f"mean >= {100 * bar:.0f} %",
            holds=bar is None or float(np.mean(list(found.values()))) >= bar,
        )
    low = min(by_task, key=lambda task_id: min(by_task[task_id].values()))
    yield Row(
        name=f"{what}: mean over tasks; the lowest task of any seed",
        value=f"{spread(mean)}; {100 * min(by_task[low].values()):.0f} % ({short_name(low)})",
        bar=f"mean >= {100 * bars['mean']:.0f} %, no task under {100 * bars['task']:.0f} %",
        holds=float(np.mean(list(mean.values()))) >= bars["mean"]
        and min(by_task[low].values()) >= bars["task"],
    )
    yield from control_rows(reports, by_task, of=f"{what}: ")
    yield from wording_rows(reports, by_task, of=f"{what}: ")


def over_seeds(runs: Iterable[AlignRun], console: Console, *, episodes: int) -> Reports:
    """Benchmarks by seed; where nothing is to be measured now, of the seeds that were.

    Raises:
        NotMeasured: If none was.
    """
    reports, missing = {}, []
    for run in runs:
        try:
            reports[run.seed] = benched(run, console, episodes=episodes)
        except NotMeasured as error:
            missing.append(error)
    if missing:
        if not reports:
            raise missing[0]
        console.print(f"not measured: {', '.join(map(str, missing))}", highlight=False)
    return reports


def seeds_of(reports: Reports) -> str:
    """How many, in words."""
    return f"{len(reports)} seed{'s' if len(reports) > 1 else ''}"


def core_rows(console: Console) -> Iterator[Row]:
    """One model for 22 tasks."""
    reports = over_seeds(map(core, CORE_SEEDS), console, episodes=CORE_EPISODES)
    n = f"{seeds_of(reports)}, n = {CORE_EPISODES} a task"
    yield from many_rows(reports, f"core model, {n}", {"mean": 0.80, "task": 0.50})
    for pair, bar in (("V->L/R@10", 0.90), ("L+V->A/R@10", 0.70)):
        yield recall_row(reports, f"core model: {pair}", pair, bar)


def pick_rows(console: Console) -> Iterator[Row]:
    """A thing and its place, ten minutes."""
    reports = over_seeds(map(reach_and_pick, PICK_SEEDS), console, episodes=PICK_EPISODES)
    what = f"Reach and PickPlace, {seeds_of(reports)}, n = {PICK_EPISODES} a task"
    bars = {"Reach": 0.98, "PickPlace": 0.88, "mean": 0.93, "task": 0.88}
    yield from many_rows(reports, what, bars)


CELLS: Mapping[str, Callable[[Console], object]] = {
    run.out.name: partial(benched, run, episodes=n)
    for runs, n in (
        (map(core, CORE_SEEDS), CORE_EPISODES),
        (map(reach_and_pick, PICK_SEEDS), PICK_EPISODES),
    )
    for run in runs
}
"""Each measures a cell, if it is not there, and tells its values."""
