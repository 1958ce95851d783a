"""Does scale change anything? Two processes against one, and a large batch in portions.

`python -m benchmarks.chapter_scale` prints the rows. Each batch of N_LARGE segments is trained on
in a process of its own, so that its peak of memory is its own.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.peak_memory import peak_bytes
from benchmarks.row import Row, told
from benchmarks.step_time import robot, segments, sentences, steps
from vla_sim.align.body import Body
from vla_sim.align.crew import ALONE, Crew, n_launched
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.aligning.crewing import follow
from vla_sim.loop.aligning.learner import Learner, LearnerConfig
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.recipes import align as align_recipes
from vla_sim.records.triple import N_GOALS

N_LARGE = 8192
PORTION = 256
SMALL_PX = 16
N_UPDATES = 50
SMALL = TrainerConfig(
    model=ModelConfig(
        vision=VisionConfig(image_px=SMALL_PX, width=8, deep_width=8, n_out=8, bf16=False),
        text=BagTextConfig(width=32),
        n_embed=64,
        hidden=64,
    ),
    curriculum=CurriculumConfig(first="all"),
    optimiser=OptimiserConfig(gradient_norm=1e9),  # compared as it is, not shortened
)
"""Towers and pictures so small that a batch of N_LARGE fits without portions, too."""


def learner_config() -> LearnerConfig:
    """The default recipe's learner with smaller batches, from its last stage on."""
    learner = align_recipes.default().learner
    trainer = replace(
        learner.trainer,
        curriculum=CurriculumConfig(first="all"),
        segment_every=4,
        # Where a CPU has bfloat16, gradients would be rounded before processes add them up.
        model=replace(
            learner.trainer.model,
            vision=VisionConfig(width=32, deep_width=64, n_out=48, bf16=False),
        ),
    )
    memory = replace(
        learner.memory,
        n_steps=2_000,
        n_segments=200,
        batch_steps=8,
        batch_segments=16,
        batch_rehearsal=64,
    )
    return replace(learner, trainer=trainer, memory=memory)


def history(crew: Crew = ALONE, *, nudge: float = 0.0) -> list[dict[str, float]]:
    """The losses of the first updates of the default recipe, on triples of the experts.

    Args:
        crew: The processes that learn; this is the first of them.
        nudge: How far from their values weights begin, as a share.
    """
    stations, table = StationConfig(n_slots=4), TaskTable()
    simulators = Simulators(SimulatorsConfig(stations=stations, table=table), seed=0)
    rows = simulators.collect(None, expert_share=1.0, n_rows=96)
    image_size = stations.crank.image_size
    learner = Learner(
        learner_config(), image_size=image_size, seed=0, first_steps=rows.steps, crew=crew
    )
    learner.remember(rows.steps, rows.segments)
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in learner.trainer.model.parameters():
            weight.mul_(1.0 + nudge * torch.randn(weight.shape, generator=drawn))
    budget = align_recipes.default().max_updates
    made = learner.learn(N_UPDATES, spent=0, budget=budget)
    return [{"total": losses.total, **losses.terms} for losses in made]


def farthest(one: list[dict[str, float]], other: list[dict[str, float]]) -> tuple[float, float]:
    """The largest difference of a total, as a share of it, and of any term before its weight."""
    pairs = list(zip(one, other, strict=True))
    return (
        max(abs(there["total"] - here["total"]) / here["total"] for here, there in pairs),
        max(abs(there[name] - here[name]) for here, there in pairs for name in here),
    )


def large_batch(portion: int | None, n_segments: int, out: Path) -> None:
    """Take the gradient of a large batch; write it down with the memory that it took."""
    rng = np.random.default_rng(0)
    rows, clips = steps(rng, 8, px=SMALL_PX), segments(rng, n_segments, px=SMALL_PX)
    said, of_clips = [sentences(rng, N_GOALS) for _ in range(8)], sentences(rng, n_segments)
    bodies = [
        Body.fit(robot(name, order), rows.proprio, rows.goal_point[:, 0, 0])
        for name, order in (("arm", 1), ("car", 2))
    ]
    trainer = AlignTrainer(
        replace(SMALL, segment_portion=portion),
        corpus=of_clips,
        bodies=bodies,
        task_body=(0, 1),
        seed=0,
    )
    before = peak_bytes()
    trainer.step(rows, said, clips, of_clips)
    gradient = [p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]
    np.save(out, torch.cat(gradient).numpy())
    out.with_suffix(".json").write_text(json.dumps({"bytes": peak_bytes() - before}))


def portion_rows(n_segments: int = N_LARGE) -> Iterator[Row]:
    """A large batch in portions against the same batch at once."""
    gradients, used = [], []
    with tempfile.TemporaryDirectory() as folder:
        for portion in (None, PORTION):
            out = Path(folder) / f"{portion}.npy"
            told = ["--large", str(n_segments), *([] if portion is None else [str(portion)])]
            _run([*told, "--out", str(out)])
            gradients.append(np.load(out).astype(np.float64))
            used.append(json.loads(out.with_suffix(".json").read_text())["bytes"])
    whole, parts = gradients
    error = float(np.linalg.norm(parts - whole) / np.linalg.norm(whole))
    what = f"{n_segments} segments in portions of {PORTION} against all at once"
    yield Row(
        name=f"{what}: relative error of the gradient",
        value=f"{error:.1e}",
        bar="<= 1e-5",
        holds=error <= 1e-5,
    )
    yield Row(
        name=f"{what}: memory of the update",
        value=f"{used[1] / 1e9:.2f} of {used[0] / 1e9:.2f} GB, {used[1] / used[0]:.3f} of it",
        bar="<= 1/4",
        holds=4 * used[1] <= used[0],
    )


def process_rows() -> Iterator[Row]:
    """Two processes against one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "losses.json"
        other = subprocess.Popen(
            _words(["--out", str(out)]), env={**os.environ, **told, "RANK": "1"}
        )
        try:
            _run(["--out", str(out)], {**told, "RANK": "0"})
        finally:
            other.kill()
            other.wait()
        shared = json.loads(out.read_text())
    alone = history()
    for what, beside, bar in (
        ("two processes against one", shared, 1e-5),
        ("for scale, one whose weights begin 1e-7 of them elsewhere", history(nudge=1e-7), None),
    ):
        of_total, of_term = farthest(alone, beside)
        yield Row(
            name=f"{what}, {N_UPDATES} updates: largest difference of a total, of a term",
            value=f"{of_total:.1e} of it, {of_term:.1e}",
            bar="printed" if bar is None else f"total <= {bar:g}",
            holds=bar is None or of_total <= bar,
        )


ROWS: Mapping[str, Callable[[], Iterator[Row]]] = {
    "processes": process_rows,
    "portions": portion_rows,
}


def _words(told: list[str]) -> list[str]:
    return [sys.executable, "-m", "benchmarks.chapter_scale", *told]


def _run(told: list[str], more: dict[str, str] | None = None) -> None:
    subprocess.run(_words(told), env={**os.environ, **(more or {})}, check=True)


def _one_of_two(out: Path) -> None:
    """Be one of the processes that `process_rows` starts."""
    from vla_sim.align.ranks import join

    ranks = join("cpu")
    if ranks.rank == 0:
        out.write_text(json.dumps(history(ranks)))
        ranks.tell([None] * ranks.size)
    else:
        follow(ranks, learner_config().trainer)
    ranks.close()


def main() -> int:
    """Print the rows, or be a process that one of them is measured in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", nargs="+", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    torch.set_num_threads(1)
    if said.large:
        n_segments, *portion = said.large
        large_batch(portion[0] if portion else None, n_segments, said.out)
    elif n_launched() > 1:
        _one_of_two(said.out)
    else:
        return told(row for measure in ROWS.values() for row in measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
