"""What reconciles losses: is it right, and what does it cost?

`python -m benchmarks.chapter_reconciling` prints name, value, bar, and holds or falls short. One
torch thread; takes about two minutes.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.row import Row, rows_told
from benchmarks.step_time import robot, segments, sentences, steps
from benchmarks.two_scales import N_STEPS, SCALES, relative_rates
from vla_sim.align.body import Body
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.objective import Weights
from vla_sim.align.reconciling.cone import cosines
from vla_sim.align.reconciling.conflict_free import conflict_free
from vla_sim.align.reconciling.pcgrad import pcgrad
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.records.triple import N_GOALS

N_PROBLEMS = 10_000
MOST_TASKS = 8
NORMS = 1000.0
"""The longest gradient of a problem over its shortest."""
AGAINST = -1e-6
"""A cosine below this counts as working against a gradient."""
PICTURES, CLIPS = 32, 16
CYCLE = 12
"""Steps after which segments, priors and the lengths of GradNorm come round again."""


def problem(rng: np.random.Generator) -> NDArray[np.float64]:
    """Random gradients, 2 to 8 in up to 64 dimensions, lengths 1000 : 1, many of them opposed."""
    n_tasks = int(rng.integers(2, MOST_TASKS + 1))
    gradient_TX = rng.normal(size=(n_tasks, int(rng.integers(n_tasks, 65))))
    gradient_TX += rng.normal() * rng.normal(size=n_tasks)[:, None] * gradient_TX[:1]
    gradient_TX /= np.linalg.norm(gradient_TX, axis=1, keepdims=True)
    length_T = NORMS ** rng.uniform(size=n_tasks)
    length_T[rng.permutation(n_tasks)[:2]] = 1.0, NORMS
    out_TX: NDArray[np.float64] = gradient_TX * length_T[:, None]
    return out_TX


def conflict_rows(n: int = N_PROBLEMS) -> Iterator[Row]:
    """What is left of conflicts, after each surgery, on the same problems."""
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    lowest: dict[str, list[float]] = {"conflict-free": [], "pcgrad": [], "the plain sum": []}
    n_zero = 0
    for _ in range(n):
        gradient_TX = problem(rng)
        gram_TT = gradient_TX @ gradient_TX.T
        made = {
            "conflict-free": conflict_free(gram_TT),
            "pcgrad": pcgrad(gram_TT, generator),
            "the plain sum": np.ones(len(gram_TT)),
        }
        n_zero += not made["conflict-free"].any()
        for name, kept_T in made.items():
            lowest[name].append(float(cosines(gram_TT, kept_T).min()))
    for name, values in lowest.items():
        share = np.mean([value < AGAINST for value in values])
        has_bar = name == "conflict-free"
        yield Row(
            name=f"{name}, {n:,} random problems, K <= {MOST_TASKS}, norms {NORMS:g} : 1",
            value=(
                f"lowest cosine with a gradient {min(values):.2g}, conflicts left in "
                f"{100 * share:.1f} %" + (f", no way forward in {n_zero}" if has_bar else "")
            ),
            bar=f">= {AGAINST:g}" if has_bar else "printed",
            holds=not has_bar or min(values) >= AGAINST,
        )


def oracle_rows(n: int = 200) -> Iterator[Row]:
    """PCGrad and UPGrad against torchjd, largest difference over the longest coefficient."""
    from torchjd.aggregation import PCGradWeighting, UPGradWeighting
    from torchjd.linalg import QuadprogProjector

    rng = np.random.default_rng(1)
    theirs = UPGradWeighting(projector=QuadprogProjector(norm_eps=0.0, reg_eps=0.0))
    errors: dict[str, float] = {"pcgrad": 0.0, "conflict-free": 0.0}
    for seed in range(n):
        n_tasks = int(rng.integers(2, 6))
        gradient_TX = rng.normal(size=(n_tasks, 16)) + rng.normal(size=16)
        gram_TT = gradient_TX @ gradient_TX.T
        gram = torch.as_tensor(gram_TT)
        torch.manual_seed(seed)
        pairs = {
            "pcgrad": (
                pcgrad(gram_TT, torch.Generator().manual_seed(seed)),
                PCGradWeighting()(gram).numpy(),
            ),
            "conflict-free": (conflict_free(gram_TT), n_tasks * theirs(gram).numpy()),
        }
        for name, (ours_T, theirs_T) in pairs.items():
            error = float(np.abs(ours_T - theirs_T).max() / np.abs(theirs_T).max())
            errors[name] = max(errors[name], error)
    for name, error in errors.items():
        yield Row(
            name=f"{name} against torchjd, {n} problems",
            value=f"{error:.1g}",
            bar="<= 1e-6",
            holds=error <= 1e-6,
        )


def gradnorm_rows(seeds: range = range(3)) -> Iterator[Row]:
    """Two losses of scales 1 : 100 with the right sign and with two wrong ones."""
    scales = " : ".join(f"{scale:g}" for scale in SCALES.values())
    for kind in ("gradnorm", "wrong force", "wrong alpha", "fixed"):
        off = [abs(relative_rates(kind, seed)["small"] - 1.0) for seed in seeds]
        said = ", ".join(f"{100 * value:.0f}" for value in off)
        fails = kind.startswith("wrong")
        yield Row(
            name=f"losses of scales {scales}, {N_STEPS} steps, {len(off)} seeds, {kind}",
            value=f"relative training rates off by {said} %",
            bar="printed" if kind == "fixed" else "not <= 20 % each" if fails else "<= 20 % each",
            holds=kind == "fixed" or (max(off) > 0.2) == fails,
        )


def cost_rows(repeats: int = 3) -> Iterator[Row]:
    """A full step with each reconciler over the plain step, CPU time of one run."""
    full = TrainerConfig(weights=Weights(contrast_step=0.1))
    configs = {name: replace(full, reconciling=made) for name, made in RECONCILERS.items()}
    last = replace(RECONCILERS["conflict-free"], priority=("velocity", "jerk"))
    configs["conflict-free with priority"] = replace(full, reconciling=last)
    times = fastest(configs, repeats)
    for name in (name for name in configs if name != "fixed"):
        ratio = times[name] / times["fixed"]
        yield Row(
            name=f"a full step, {name}, over the plain step",
            value=f"{ratio:.2f} x of {1e3 * times['fixed'] / CYCLE:.0f} ms",
            bar="<= 1.3 x",
            holds=ratio <= 1.3,
        )
    none = dict.fromkeys(vars(full.weights), 0.0)
    three = Weights(**{**none, "contrast_vl": 1.0, "contrast_la": 1.0, "contrast_va": 1.0})
    always = {
        "three InfoNCE": replace(full, weights=three, segment_every=1),
        "fixed": replace(full, segment_every=1),
        "conflict-free": replace(configs["conflict-free"], segment_every=1),
    }
    times = fastest(always, repeats)
    for name in ("fixed", "conflict-free"):
        ratio = times[name] / times["three InfoNCE"]
        yield Row(
            name=f"all losses, {name}, over three InfoNCE of the same towers, segments each step",
            value=f"{ratio:.2f} x of {1e3 * times['three InfoNCE'] / CYCLE:.0f} ms",
            bar="<= 1.3 x",
            holds=ratio <= 1.3,
        )


def fastest(configs: Mapping[str, TrainerConfig], repeats: int) -> dict[str, float]:
    """Shortest CPU time of a cycle of steps by each, in turn [s]."""
    calls = {name: cycle(config) for name, config in configs.items()}
    for call in calls.values():
        call()
    times = dict.fromkeys(configs, np.inf)
    for _ in range(repeats):
        for name, call in calls.items():
            began = time.thread_time()
            call()
            times[name] = min(times[name], time.thread_time() - began)
    return times


def cycle(config: TrainerConfig) -> Callable[[], None]:
    """A call that makes as many steps as it takes until all of them come round again."""
    rng = np.random.default_rng(0)
    rows, clips = steps(rng, PICTURES), segments(rng, CLIPS)
    texts = [sentences(rng, N_GOALS) for _ in range(PICTURES)]
    said = sentences(rng, CLIPS)
    bodies = [
        Body.fit(robot(name, order), rows.proprio, rows.goal_point[:, 0, 0])
        for name, order in (("arm", 1), ("car", 2))
    ]
    trainer = AlignTrainer(
        replace(config, curriculum=CurriculumConfig(first="all")),
        corpus=[text for row in texts for text in row] + said,
        bodies=bodies,
        task_body=(0, 1),
        seed=0,
    )

    def call() -> None:
        for _ in range(CYCLE):
            if trainer.wants_segments:
                trainer.step(rows, texts, clips, said)
            else:
                trainer.step(rows, texts)

    return call


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "conflicts": conflict_rows,
    "oracles": oracle_rows,
    "gradnorm": gradnorm_rows,
    "cost": cost_rows,
}


def main() -> int:
    """Print the rows; 0 if every one holds."""
    torch.set_num_threads(1)
    return rows_told(ROWS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
