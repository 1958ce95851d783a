"""Does a result repeat? Trainings over seeds, and the seeds' mean, spread and worst.

`python -m benchmarks.repeat` measures the cells that are missing, one after the other; `--only`
names some of them, so that two processes can share the work. `make claims CLAIMS=repeat` turns the
cells into rows; `--show` prints the rows of those trainings that are there, and measures nothing.
Seeds 0 to 4 were never used to choose a setting; those from 100 up were.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.cells import cell, read
from benchmarks.over_seeds import (
    control_rows,
    over_tasks,
    rate,
    recall_row,
    spread,
    wording_rows,
)
from benchmarks.row import Row, add_show, there, told
from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.envs.suites import SPINE
from vla_sim.envs.task_names import short_name
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.aligning.resuming import drop, goes_on_exactly
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.evaluation import ALL_ARMS
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.resumption import begun_with
from vla_sim.loop.rl.finetune import Finetuned, finetune
from vla_sim.loop.rl.rl_run import VERB, FinetuneRun, is_copy_of
from vla_sim.loop.run_folder import BEGUN, RunFolder
from vla_sim.loop.settings import to_json as settings_to_json
from vla_sim.recipes import align as align_recipes
from vla_sim.recipes import finetune as finetune_recipes
from vla_sim.records.reports import EvalReport

SEEDS = range(5)
PPO_SEEDS = range(3)
EPISODES = 100
BENCHED = {"episodes": EPISODES, "arms": ALL_ARMS}
RUNS = Path("runs") / "repeat"
"""Run folders with their checkpoints; the cells outlive them."""
SHORT = 300
"""Updates of the two trainings that must be equal."""


def training(seed: int, console: Console) -> EvalReport:
    """The default recipe from a seed, and its benchmark under every arm."""
    run = default_of(seed)

    def make() -> Mapping[str, Any]:
        began = time.monotonic()
        folder = trained(run, console)
        report = bench(
            BenchRun(policy=str(folder.path), episodes=EPISODES, arms=ALL_ARMS), Console(quiet=True)
        )
        return {"minutes": (time.monotonic() - began) / 60, "report": to_json(report)}

    return from_json(cell(f"repeat/align-{seed}", settings_of(run, **BENCHED), make)["report"])


def default_of(seed: int) -> AlignRun:
    """The default recipe with a training seed."""
    return replace(align_recipes.default(), seed=seed, out=RUNS / f"align-{seed}")


def before_0050() -> AlignRun:
    """The default as it was before decision 0050, when every tenth of its lane changes failed.

    Today's leaves nothing there for practice to win.
    """
    run = default_of(0)
    trainer = align_recipes.before_0050(run.learner.trainer)
    return replace(
        run, learner=replace(run.learner, trainer=trainer), out=run.out.with_name("before-0050-0")
    )


def measured_seeds() -> list[int]:
    """The training seeds whose cells are there and hold for the present settings."""
    return [
        seed
        for seed in SEEDS
        if read(f"repeat/align-{seed}", settings_of(default_of(seed), **BENCHED)) is not None
    ]


def training_settings(run: AlignRun) -> dict[str, Any]:
    """What a training's result follows from."""
    return {"align": run, **BENCHED}


def settings_of(run: AlignRun, **more: object) -> dict[str, Any]:
    """What a cell about a trained model at work follows from."""
    return {"align": run, "ensemble": ENSEMBLE, **more}


def trained(run: AlignRun, console: Console) -> RunFolder:
    """The run's folder, as it lies there whole, or made from its beginning."""
    begun = goes_on_exactly(run.out, run)
    if not begun:
        drop(run.out)
    with Monitor(console) as monitor:
        return align(replace(run, resume=begun), monitor)


def finetuned(run: FinetuneRun, encoder: AlignRun, console: Console) -> Finetuned:
    """A finetuning from an alignment: gone on with where its folder is of both, or begun anew."""
    aligned = best_checkpoint(trained(encoder, console).path)
    begun = (run.out / BEGUN).is_file() and _is_of(run, aligned)
    if not begun:
        drop(run.out)
    return finetune(replace(run, resume=begun), console)


def _is_of(run: FinetuneRun, aligned: Path) -> bool:
    before = begun_with(FinetuneRun, run.out, verb=VERB)
    same = settings_to_json(replace(before, out=run.out, resume=False)) == settings_to_json(run)
    return same and is_copy_of(run, aligned)


def ppo(seed: int, scratch: bool, console: Console) -> dict[str, Any]:
    """PPO on Reach from the encoder of `before_0050`, or from weights drawn anew."""
    recipe = finetune_recipes.scratch() if scratch else finetune_recipes.head()
    name = f"ppo-{'scratch' if scratch else 'aligned'}-{seed}"
    encoder = before_0050()
    run = replace(recipe, seed=seed, encoder=encoder.out, out=RUNS / name)

    def make() -> Mapping[str, Any]:
        done = finetuned(run, encoder, console)
        assert done.report is not None
        rate = done.report.tasks[0].rates["success_at_end"]
        return {
            "success": rate.value,
            "n": rate.n,
            "env_steps": done.n_env_steps,
            "steps_to_80": done.steps_to_80,
            "minutes": done.elapsed_s / 60,
        }

    values: dict[str, Any] = cell(f"repeat/{name}", settings_of(encoder, finetune=run), make)
    return values


@contextmanager
def a_busy_core() -> Iterator[None]:
    """A process that keeps a core busy meanwhile."""
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


def equal_weights(console: Console) -> bool:
    """The same short training twice, once beside a busy core: are the weights the same bytes?"""
    run = replace(
        align_recipes.default(), max_updates=SHORT, rounds_per_evaluation=2, online_episodes=4
    )

    def make() -> Mapping[str, Any]:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        alone = align(replace(run, out=RUNS / f"alone-{stamp}"), Monitor(console))
        with a_busy_core():
            beside = align(replace(run, out=RUNS / f"beside-{stamp}"), Monitor(console))
        return {"equal": _weights(alone) == _weights(beside)}

    return bool(cell("repeat/equal-weights", training_settings(run), make)["equal"])


def _weights(folder: RunFolder) -> list[bytes]:
    checkpoint = best_checkpoint(folder.path)
    return [path.read_bytes() for path in sorted(checkpoint.glob("*.safetensors"))]


def training_rows(console: Console, seeds: Iterable[int] = SEEDS) -> Iterator[Row]:
    """The default recipe over seeds."""
    reports = {seed: training(seed, console) for seed in seeds}
    correct = over_tasks(reports, SPINE, "correct")
    each = {
        (seed, task_id): rate(report, task_id, "correct")
        for seed, report in reports.items()
        for task_id in SPINE
    }
    mean, worst = float(np.mean(list(correct.values()))), min(correct.values())
    n = EPISODES * len(SPINE)
    yield Row(
        name=f"default recipe, {len(reports)} training seeds, n = {n} each: success",
        value=spread(correct),
        bar="mean >= 88 %",
        holds=mean >= 0.88,
    )
    yield Row(
        name="the worst seed",
        value=f"{100 * worst:.1f} %",
        bar=">= 84 %",
        holds=worst >= 0.84,
    )
    low = min(each, key=lambda key: each[key])
    yield Row(
        name="the worst task of any seed",
        value=f"{100 * each[low]:.0f} % ({short_name(low[1])}, seed {low[0]})",
        bar=">= 70 %",
        holds=each[low] >= 0.70,
    )
    for task_id in SPINE:
        yield Row(
            name=f"{short_name(task_id)}, success",
            value=spread({seed: each[seed, task_id] for seed in reports}),
            bar="printed",
            holds=True,
        )
    yield from control_rows(reports, SPINE)
    yield from wording_rows(reports, SPINE)
    drive = next(task_id for task_id in SPINE if "DriveToGoal" in task_id)
    collided = {
        seed: rate(report, drive, "correct", "violation/collision")
        for seed, report in reports.items()
    }
    yield Row(
        name="DriveToGoal, episodes with a collision",
        value=spread(collided),
        bar="mean <= 5 %",
        holds=float(np.mean(list(collided.values()))) <= 0.05,
    )
    yield recall_row(reports, "V-L R@10", "V->L/R@10", 0.70)


def weight_rows(console: Console) -> Iterator[Row]:
    """Equal seeds, equal weights."""
    equal = equal_weights(console)
    yield Row(
        name=f"the same seed twice, {SHORT} updates, once beside a busy core: weights",
        value="equal to the last bit" if equal else "differ",
        bar="equal",
        holds=equal,
    )


def ppo_rows(console: Console) -> Iterator[Row]:
    """PPO over seeds, from the aligned encoder and from scratch."""
    for scratch in (False, True):
        yield from ppo_rows_of(console, scratch=scratch)


def ppo_rows_of(console: Console, *, scratch: bool) -> Iterator[Row]:
    """One of the two."""
    what = "scratch" if scratch else "the aligned encoder"
    made = {seed: ppo(seed, scratch, console) for seed in PPO_SEEDS}
    success = {seed: float(values["success"]) for seed, values in made.items()}
    yield Row(
        name=f"PPO on Reach from {what}, {len(made)} seeds, n = {made[0]['n']} each",
        value=spread(success),
        bar="printed" if scratch else ">= 95 % each",
        holds=scratch or min(success.values()) >= 0.95,
    )
    steps = [values["steps_to_80"] for values in made.values()]
    budget = max(values["env_steps"] for values in made.values())
    yield Row(
        name=f"env steps to 80 % in training, from {what}",
        value=", ".join(f"{n:,}" if n else f"never in {budget:,}" for n in steps),
        bar="printed",
        holds=True,
    )


def shown(console: Console, *, former: bool = False) -> Iterator[Row]:
    """The rows whose cells are there, see `there`; nothing is measured."""
    if seeds := measured_seeds():
        yield from training_rows(console, seeds)
    else:
        yield from there(training_rows(console), former=former)
    for scratch in (False, True):
        yield from there(ppo_rows_of(console, scratch=scratch), former=former)


CELLS: dict[str, Callable[[Console], object]] = {
    **{f"align-{seed}": partial(training, seed) for seed in SEEDS},
    "equal-weights": equal_weights,
    **{f"ppo-aligned-{seed}": partial(ppo, seed, False) for seed in PPO_SEEDS},
    **{f"ppo-scratch-{seed}": partial(ppo, seed, True) for seed in PPO_SEEDS},
}
"""Each measures a cell, if it is not there, and tells its values."""


def main() -> int:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(CELLS), help="cells to measure")
    add_show(parser)
    said = parser.parse_args()
    console = Console()
    if said.show:
        told(shown(console, former=said.former))
        return 0
    for name in said.only or CELLS:
        console.rule(name)
        CELLS[name](console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
