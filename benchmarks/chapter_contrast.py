"""The chapter's pairs, triples and negatives against their oracles: rows of the group `chapter`.

`python -m benchmarks.chapter_contrast` prints them; exits with 1 if a row does not hold.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from dtaidistance import dtw_ndim
from numpy.typing import NDArray

from benchmarks import duplicates
from benchmarks.over_seeds import spread
from benchmarks.row import Row, rows_told
from benchmarks.step_time import WORDS, robot, segments, sentences, steps
from vla_sim.align.body import Body
from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.dtw import dtw
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.siglip import siglip_loss
from vla_sim.align.model import CONTRASTED
from vla_sim.align.negatives.bank import MemoryBankConfig
from vla_sim.align.negatives.semi_hard import SemiHardConfig
from vla_sim.align.negatives.vote import VoteConfig
from vla_sim.align.soft_targets import SoftTargetsConfig, alike
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.eval.information import infonce_bound
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.recipes import align as align_recipes
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_GOALS

Floats = NDArray[np.float64]

SEEDS = range(5)
N_PROBLEMS = 50
N_SEGMENTS, N_PICTURES = 64, 32
"""Of an update of the default recipe."""
REPEATS = 12


def oracles() -> Iterator[Row]:
    """Losses and distances against others' forms, on random problems."""
    rng = np.random.default_rng(0)
    worst = {"InfoNCE": 0.0, "SigLIP": 0.0, "DTW": 0.0}
    for _ in range(N_PROBLEMS):
        n = int(rng.integers(2, 40))
        logits, meaning = 5.0 * rng.normal(size=(n, n)), rng.integers(0, n, n)
        told, eye = torch.tensor(logits), torch.eye(n, dtype=torch.bool)
        ours = 0.5 * (contrastive_loss(told, eye) + contrastive_loss(told.T, eye)).item()
        worst["InfoNCE"] = max(worst["InfoNCE"], abs(ours - _infonce(logits)))
        positive = meaning[:, None] == meaning[None, :]
        ours = siglip_loss(told, torch.tensor(positive)).item()
        worst["SigLIP"] = max(worst["SigLIP"], abs(ours - _siglip(logits, positive)))
        band = int(rng.integers(0, CHUNK_SIZE))
        first, second = rng.normal(size=(2, 3, CHUNK_SIZE, N_ACT))
        cost, _ = dtw(torch.tensor(first), torch.tensor(second), band=band)
        for (i, j), value in np.ndenumerate(cost.sqrt().numpy()):
            theirs = dtw_ndim.distance(first[i], second[j], window=band + 1)
            worst["DTW"] = max(worst["DTW"], abs(value - theirs))
    against = {
        "InfoNCE": "the paper's form in numpy",
        "SigLIP": "the paper's form in numpy",
        "DTW": "dtaidistance",
    }
    for name, difference in worst.items():
        yield Row(
            name=f"{name} against {against[name]}, {N_PROBLEMS} random problems",
            value=f"largest difference {difference:.1e}",
            bar="<= 1e-6",
            holds=difference <= 1e-6,
        )


def _infonce(logits: Floats) -> float:
    share = [np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in (logits, logits.T)]
    return float(-np.log([s.diagonal() for s in share]).sum() / (2 * len(logits)))


def _siglip(logits: Floats, positive: NDArray[np.bool_]) -> float:
    sign = np.where(positive, 1.0, -1.0)
    return float(-np.log(1.0 / (1.0 + np.exp(-sign * logits))).sum() / len(logits))


def repeated() -> Iterator[Row]:
    """Meanings that repeat in a batch, and what taking them for negatives costs."""
    meaning = torch.arange(256) // duplicates.DUPLICATES
    vectors = torch.eye(len(meaning), dtype=torch.float64)[meaning]
    logits = 100.0 * vectors @ vectors.T
    floor = contrastive_loss(logits, duplicates.same(meaning)).item()
    apart = contrastive_loss(logits, duplicates.diagonal(meaning)).item()
    yield Row(
        name=f"{duplicates.DUPLICATES} duplicates in a batch of 256: loss at perfect alignment",
        value=f"{floor:.1e} nat (diagonal InfoNCE {apart:.2f})",
        bar="<= 1e-6",
        holds=floor <= 1e-6,
    )
    # As many as the bar speaks of, and as few as the memory of a run lets into a batch.
    for n in (duplicates.DUPLICATES, MemoryConfig().max_duplicates):
        means = {"multi-positive": duplicates.same, "diagonal InfoNCE": duplicates.diagonal}
        found = {
            what: {seed: duplicates.hit_at_10(which, seed, duplicates=n) for seed in SEEDS}
            for what, which in means.items()
        }
        for what, hits in found.items():
            yield Row(
                name=f"two small towers, {n} duplicates a batch, hit@10: {what}",
                value=spread(hits),
                bar="printed",
                holds=True,
            )
        many, one = (list(hits.values()) for hits in found.values())
        gains = [100 * (a - b) for a, b in zip(many, one, strict=True)]
        barred = n == duplicates.DUPLICATES
        yield Row(
            name=f"the same, difference, {len(gains)} seeds",
            value=f"{np.mean(gains):+.1f} points, the least {min(gains):+.1f}",
            bar=">= +5 points" if barred else "printed",
            holds=float(np.mean(gains)) >= 5.0 or not barred,
        )


def information() -> Iterator[Row]:
    """The bound where the truth is known: normal pairs under the best critic."""
    d, rho = 8, 0.9
    truth = -0.5 * d * np.log(1.0 - rho**2)
    for n in (64, 512):
        values = [_normal_bound(np.random.default_rng(seed), d, rho, n) for seed in range(16)]
        mean = float(np.mean(values))
        yield Row(
            name=f"information of normal pairs, {truth:.2f} nat: the bound at N = {n}",
            value=f"{mean:.2f} nat of {np.log(n):.2f} (sd over batches {np.std(values):.2f})",
            bar="not above the truth",
            holds=mean <= truth,
        )


def _normal_bound(rng: np.random.Generator, d: int, rho: float, n: int) -> float:
    x = rng.normal(size=(n, d))
    y = rho * x + np.sqrt(1.0 - rho**2) * rng.normal(size=(n, d))
    square = (y**2).sum(1)[None] - 2.0 * rho * x @ y.T + rho**2 * (x**2).sum(1)[:, None]
    return infonce_bound(-0.5 * square / (1.0 - rho**2) + 0.5 * (y**2).sum(1)[None])


def cost() -> Iterator[Row]:
    """A whole update with segments: everything of these terms on, over plain."""
    torch.set_num_threads(1)
    plain = align_recipes.default().learner.trainer
    plain = replace(plain, curriculum=CurriculumConfig(first="all"), segment_every=1)
    weights = replace(plain.weights, triple=0.1, cyclip_cross=0.01, cyclip_inner=0.01)
    everything = replace(
        plain,
        weights=weights,
        model=replace(plain.model, siglip=CONTRASTED),
        contrast=ContrastConfig(
            targets=SoftTargetsConfig(la="dtw", va="dtw", step="dtw"),
            bank=MemoryBankConfig(batches=4.0),
            semi_hard=SemiHardConfig(margin=0.2),
            vote=VoteConfig(floor=0.2),
            warm_up=0,
        ),
    )
    updates = [_update(config) for config in (plain, everything)]
    times: list[list[float]] = [[], []]
    for _ in range(REPEATS):  # by turns, so that a busy neighbour meets both
        for update, spent in zip(updates, times, strict=True):
            spent.append(_cpu_s(update))
    ratio = min(times[1]) / min(times[0])
    yield Row(
        name=f"an update with {N_SEGMENTS} segments, every contrastive mechanism on, over plain",
        value=f"{ratio:.2f} x ({1e3 * min(times[1]):.0f} and {1e3 * min(times[0]):.0f} ms CPU)",
        bar="<= 1.3 x",
        holds=ratio <= 1.3,
    )
    knots = torch.rand(N_SEGMENTS, CHUNK_SIZE, N_ACT)
    one = torch.zeros(N_SEGMENTS, dtype=torch.int64)
    config = SoftTargetsConfig(la="dtw")
    n_components = torch.full((N_SEGMENTS,), float(N_ACT))
    warped = min(_cpu_s(lambda: alike(config, knots, n_components, one)) for _ in range(REPEATS))
    share = warped / min(times[0])
    yield Row(
        name=f"warping distances of {N_SEGMENTS} segments, share of a plain update",
        value=f"{100 * share:.1f} % ({1e3 * warped:.1f} ms CPU)",
        bar="<= 5 %",
        holds=share <= 0.05,
    )


def _update(config: TrainerConfig) -> Callable[[], object]:
    """An update on random rows, the same for every config."""
    rng = np.random.default_rng(0)
    rows, clips = steps(rng, N_PICTURES), segments(rng, N_SEGMENTS)
    bodies = [
        Body.fit(robot(name, order), rows.proprio, rows.goal_point[:, 0, 0])
        for name, order in (("arm", 1), ("car", 2))
    ]
    trainer = AlignTrainer(config, corpus=WORDS, bodies=bodies, task_body=(0, 1), seed=0)
    said = [sentences(rng, N_GOALS) for _ in range(N_PICTURES)]
    clip_said = sentences(rng, N_SEGMENTS)
    return lambda: trainer.step(rows, said, clips, clip_said)


def _cpu_s(call: Callable[[], object]) -> float:
    began = time.thread_time()
    call()
    return time.thread_time() - began


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "oracles": oracles,
    "duplicates": repeated,
    "information": information,
    "cost": cost,
}


def main() -> int:
    """Print the rows; 0 if every one holds."""
    return rows_told(ROWS, __doc__)


if __name__ == "__main__":
    sys.exit(main())
