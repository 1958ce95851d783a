"""Which fusion of picture and words aligns a moment with what is done next, at equal updates.

`python -m benchmarks.fusions` measures the cells that are missing: the default recipe with each
fusion, the alignment of steps switched on, from the same training seeds. `--only film-0` measures
some of them, `--show` prints the rows of those that are there. A row has success over the tasks,
the R@10 of the expert's chunk given picture and words (z_S to z_A) among held-out moments beside
its chance, and the CPU time of the process that trains.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from benchmarks.cells import cell, read
from benchmarks.repeat import trained
from benchmarks.row import Row
from vla_sim.align.batch import StepBatch
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.inference import BLOCK
from vla_sim.align.moments import step_vectors
from vla_sim.eval.retrieval import chance_values, ranking_values
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.learner import by_row
from vla_sim.loop.aligning.resuming import goes_on_exactly
from vla_sim.loop.aligning.wording import draw_texts
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig
from vla_sim.recipes import align as align_recipes
from vla_sim.records.triple import Rows, StepTriples

SEEDS = range(3)
EPISODES = 100
ROWS_PER_TASK = 64
"""Held-out pictures a task; each brings every goal of its scene to the gallery."""
HELD_OUT_SEED = 2_000_000
"""Moments are of the scenes of this training seed, which no run trains on."""
WEIGHT = 0.3
"""Of the alignment of steps, as of the other contrastive terms."""
AT = "R@10"
RUNS = Path("runs") / "fusions"


def run_of(fusion: str, seed: int, updates: int | None = None) -> AlignRun:
    """The default recipe with a fusion that is taught."""
    run = align_recipes.default()
    trainer = run.learner.trainer
    trainer = replace(
        trainer,
        model=replace(trainer.model, fusion=FUSIONS[fusion]),
        weights=replace(trainer.weights, contrast_step=WEIGHT),
    )
    return replace(
        run,
        seed=seed,
        learner=replace(run.learner, trainer=trainer),
        max_updates=updates or run.max_updates,
        out=RUNS / f"{fusion}-{seed}",
    )


def settings(run: AlignRun, episodes: int) -> dict[str, Any]:
    """What a cell follows from."""
    return {"align": run, "episodes": episodes, "rows_per_task": ROWS_PER_TASK}


def name_of(run: AlignRun) -> str:
    """The cell of a run."""
    return f"fusions/{run.out.name}"


def measure(run: AlignRun, episodes: int, console: Console) -> dict[str, Any]:
    """Train, bench and retrieve."""

    def make() -> Mapping[str, Any]:
        began = time.process_time()
        begun = goes_on_exactly(run.out, run)
        folder = trained(run, console)
        cpu_s = time.process_time() - began
        asked = BenchRun(
            policy=str(folder.path), tasks=run.tasks, episodes=episodes, arms=("correct",)
        )
        report = bench(asked, Console(quiet=True))
        model = LearnedModel.load(best_checkpoint(folder.path))
        success = [task.rates["success_at_end"].value for task in report.tasks]
        return {
            "success": float(np.mean(success)),
            "cpu_minutes": None if begun else cpu_s / 60,
            **retrieval(model, held_out_moments(run)),
        }

    values: dict[str, Any] = cell(name_of(run), settings(run, episodes), make)
    return values


def held_out_moments(run: AlignRun) -> Rows:
    """Step triples of scenes that nothing was trained on, the experts acting."""
    stations = replace(run.simulators, n_slots=16)
    simulators = Simulators(
        SimulatorsConfig(task_ids=run.task_ids, stations=stations), seed=HELD_OUT_SEED
    )
    return simulators.collect(None, expert_share=1.0, n_rows=ROWS_PER_TASK).steps


def retrieval(model: LearnedModel, rows: Rows) -> dict[str, float]:
    """Of z_S to z_A among all goals of all moments: hits among the first ten, and their chance."""
    words = by_row(
        draw_texts(np.asarray(rows["meaning"], dtype=np.int64), np.random.default_rng(0))
    )
    net, states, actions = model.core.model, [], []
    device = torch.device("cpu")
    with torch.no_grad():
        for start in range(0, len(words), BLOCK):
            some = slice(start, start + BLOCK)
            steps = StepTriples(**{name: values[some] for name, values in rows.items()})  # type: ignore[arg-type]
            batch = StepBatch.of(steps, model.task_body, device)
            said = [text for row in words[some] for text in row]
            text_BGD = net.encode_texts(said).view(*batch.weight_BG.shape, -1)
            out = net.act(net.vision(batch.image_BHWC), text_BGD, batch.proprio_BP, batch.body_B)
            state_RE, action_RE, _ = step_vectors(net, batch, out)
            states.append(state_RE.numpy())
            actions.append(action_RE.numpy())
    real = np.asarray(rows["weight"], dtype=np.float32) > 0.0
    picture = np.repeat(np.arange(len(real)), real.sum(1))
    chunk = np.asarray(rows["chunk"], dtype=np.float32)[real].reshape(len(picture), -1)
    relevant = (picture[:, None] == picture) & (np.abs(chunk[:, None] - chunk[None]).max(-1) < 1e-3)
    scores = np.concatenate(states).astype(np.float64) @ np.concatenate(actions).T
    chance = chance_values(len(picture), relevant.sum(1))
    return {
        "r_at_10": ranking_values(scores, relevant)[AT],
        "chance": chance[AT],
        "gallery": len(picture),
    }


def rows_of_table(seeds: range = SEEDS) -> Iterator[Row]:
    """What the cells that are there say of each fusion."""
    for fusion in FUSIONS:
        made = [
            values
            for seed in seeds
            if (values := read(name_of(run := run_of(fusion, seed)), settings(run, EPISODES)))
        ]
        if not made:
            continue

        def over(name: str, held: list[dict[str, Any]] = made) -> str:
            numbers = [100 * float(values[name]) for values in held]
            return f"{np.mean(numbers):.1f} % ({', '.join(f'{n:.1f}' for n in numbers)})"

        minutes = [values["cpu_minutes"] for values in made if values["cpu_minutes"]]
        cost = f"{np.mean(minutes):.1f} CPU minutes" if minutes else "CPU not measured"
        yield Row(
            name=f"fusion {fusion}, {len(made)} seeds, n = {EPISODES} a task",
            value=(
                f"success {over('success')}; z_S to z_A R@10 {over('r_at_10')}, chance "
                f"{100 * made[0]['chance']:.1f} %, gallery {made[0]['gallery']}; {cost}"
            ),
            bar="printed",
            holds=True,
        )


CELLS: dict[str, Callable[[Console], object]] = {
    f"{fusion}-{seed}": partial(measure, run_of(fusion, seed), EPISODES)
    for fusion in FUSIONS
    for seed in SEEDS
}


def main() -> int:
    """Measure what is missing, then print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(CELLS), help="cells to measure")
    parser.add_argument("--show", action="store_true", help="print the rows, measure nothing")
    said = parser.parse_args()
    console = Console()
    for name in () if said.show else said.only or CELLS:
        console.rule(name)
        CELLS[name](console)
    for row in rows_of_table():
        print(f"{row.name}: {row.value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
