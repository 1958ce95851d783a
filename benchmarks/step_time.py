"""Time of a training step and of inference, by part: `python -m benchmarks.step_time`.

One torch thread. Printed are the fastest and the median CPU time, and the median wall time: on
shared cores the first is what the code costs, and the last what the neighbours let through.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vla_sim.align.batch import StepBatch
from vla_sim.align.body import Body
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.inference import ModelPolicyCore
from vla_sim.align.objective import policy_terms
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup
from vla_sim.records.triple import (
    CHUNK_SIZE,
    GRID,
    N_ACT,
    N_CLIP,
    N_GOALS,
    N_PROPRIO,
    N_QUERIES,
    SegmentTriples,
    StepTriples,
)

WORDS = [
    *("please", "pick", "lift", "drive", "go", "reach", "change", "to", "the", "red", "blue"),
    *("green", "yellow", "cube", "ball", "lane", "slowly", "quickly", "left", "right", "now"),
]


def sentences(rng: np.random.Generator, n: int) -> list[str]:
    """N sentences of 6 to 12 words, nearly all distinct, as paraphrases are."""
    return [" ".join(rng.choice(WORDS, int(rng.integers(6, 13)))) for _ in range(n)]


def robot(name: str, order: int) -> Embodiment:
    """A robot with limits, so that the physical priors cost what they cost."""
    motion = MotionGroup(
        name="tool",
        size=3,
        unit="m",
        velocity_limit=1.0,
        acceleration_limit=5.0,
        jerk_limit=100.0,
        source="made up for the benchmark",
    )
    group = ActionGroup(name="tool", size=3, unit="m/s", order=order, scale=0.8, motion="tool")
    return Embodiment(
        name=name,
        control_dt_s=0.05,
        action=(group,),
        motion=(motion,),
        proprio_names=tuple("abcdefgh"),
        bandwidth_fraction=0.4,
    )


def steps(rng: np.random.Generator, n: int, *, px: int = 64) -> StepTriples:
    """N random moments of two tasks, with pictures of so many pixels a side."""
    return StepTriples(
        image=rng.integers(0, 255, (n, px, px, 3), dtype=np.uint8),
        proprio=rng.normal(size=(n, N_PROPRIO)).astype(np.float32),
        task=rng.integers(0, 2, n),
        meaning=rng.integers(0, 60, (n, N_GOALS)),
        weight=np.ones((n, N_GOALS), dtype=np.float32),
        chunk=rng.uniform(-1, 1, (n, N_GOALS, CHUNK_SIZE, N_ACT)).astype(np.float32),
        goal_point=rng.normal(size=(n, N_GOALS, N_QUERIES, 3)).astype(np.float32),
        has_point=np.ones((n, N_GOALS, N_QUERIES), dtype=np.bool_),
        held=np.zeros((n, N_GOALS), dtype=np.bool_),
        cell=rng.uniform(size=(n, N_GOALS, N_QUERIES, 2)).astype(np.float32),
        cell_visible=np.ones((n, N_GOALS, N_QUERIES), dtype=np.bool_),
        hazard=(255 * (rng.uniform(size=(n, GRID, GRID)) < 0.02)).astype(np.uint8),
        on_policy=np.zeros(n, dtype=np.bool_),
    )


def segments(rng: np.random.Generator, n: int, *, px: int = 64) -> SegmentTriples:
    """N random segments of two tasks, with pictures of so many pixels a side."""
    return SegmentTriples(
        clip=rng.integers(0, 255, (n, N_CLIP, px, px, 3), dtype=np.uint8),
        clip_time_s=np.sort(rng.uniform(0, 5, (n, N_CLIP))).astype(np.float32),
        task=rng.integers(0, 2, n),
        meaning=rng.integers(0, 60, n),
        knots=rng.uniform(-1, 1, (n, CHUNK_SIZE, N_ACT)).astype(np.float32),
        duration_s=rng.uniform(1, 5, n).astype(np.float32),
        start=rng.normal(size=(n, N_PROPRIO)).astype(np.float32),
        cell=rng.uniform(size=(n, 2)).astype(np.float32),
        cell_visible=np.ones(n, dtype=np.bool_),
        seed=np.arange(n),
    )


def timed(name: str, call: Callable[[], object], repeats: int) -> float:
    """Print the times of a call and return the fastest CPU time [ms]."""
    for _ in range(3):
        call()
    cpu_ms, wall_ms = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.thread_time()
        call()
        cpu_ms.append(1e3 * (time.thread_time() - cpu))
        wall_ms.append(1e3 * (time.perf_counter() - wall))
    print(
        f"{name:<44} CPU {min(cpu_ms):7.2f} / {np.median(cpu_ms):7.2f} ms"
        f"   wall {np.median(wall_ms):7.2f} ms"
    )
    return min(cpu_ms)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--segments", type=int, default=16)
    told = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    rows, clips = steps(rng, told.pictures), segments(rng, told.segments)
    texts = [sentences(rng, N_GOALS) for _ in range(told.pictures)]
    clip_texts = sentences(rng, told.segments)
    flat = [text for row in texts for text in row]
    bodies = [
        Body.fit(robot(name, order), rows.proprio, rows.goal_point[:, 0, 0])
        for name, order in (("arm", 1), ("car", 2))
    ]
    trainer = AlignTrainer(
        TrainerConfig(curriculum=CurriculumConfig(first="all")),
        corpus=flat,
        bodies=bodies,
        task_body=(0, 1),
        seed=0,
    )
    model, repeats = trainer.model, told.repeats
    batch = StepBatch.of(rows, (0, 1), torch.device("cpu"))
    trainer.step(rows, texts)
    trainer.step(rows, texts)

    def vision() -> None:
        made_BSC: Tensor = model.vision(batch.image_BHWC)
        made_BSC.sum().backward()  # type: ignore[no-untyped-call]

    def text() -> None:
        model.encode_texts(flat).sum().backward()  # type: ignore[no-untyped-call]

    map_BSC = model.vision(batch.image_BHWC).detach().requires_grad_()
    text_BGD = model.encode_texts(flat).detach().view(told.pictures, N_GOALS, -1).requires_grad_()
    wanted = trainer.config.weights.active("all", behaviour_from_start=True)

    def heads() -> None:
        out = model.act(map_BSC, text_BGD, batch.proprio_BP, batch.body_B)
        terms, _ = policy_terms(model, batch, out, wanted)
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]

    n_rows, n_clips = len(flat), told.segments
    print(f"{sum(p.numel() for p in model.parameters())} parameters, bf16 {model.vision.bf16}")
    timed(f"vision, forward and backward, {told.pictures} pictures", vision, repeats)
    timed(f"text, forward and backward, {len(set(flat))} sentences", text, repeats)
    heads_ms = timed(f"heads and losses, {n_rows} rows", heads, repeats)
    wanted = {**wanted, "contrast_step": 1.0}
    more_ms = timed("the same with the alignment of moments", heads, repeats) - heads_ms

    def optimise() -> None:
        trainer.optimiser.step(0.5)

    timed("optimiser", optimise, repeats)
    step_ms = timed("step", lambda: trainer.step(rows, texts), repeats)
    print(f"the alignment of moments costs {100 * more_ms / step_ms:.1f} % of a step")
    both_ms = timed(
        f"step with {n_clips} segments",
        lambda: trainer.step(rows, texts, clips, clip_texts),
        repeats,
    )
    trainer.freeze(("text",))
    timed("step, words frozen", lambda: trainer.step(rows, texts), repeats)
    trainer.freeze(())
    every = trainer.config.segment_every
    print(
        f"mean step, segments on every {every}: {((every - 1) * step_ms + both_ms) / every:.2f} ms"
    )
    core = ModelPolicyCore(model)
    seen = steps(rng, 64)
    said = (flat * 2)[:64]
    timed(
        "inference, 64 rows, sentences known",
        lambda: core.decide(seen.image, seen.proprio, said, seen.task),
        repeats,
    )
    timed(
        "inference, 1 row",
        lambda: core.decide(seen.image[:1], seen.proprio[:1], said[:1], seen.task[:1]),
        repeats,
    )
    timed(
        f"embed {n_clips} clips", lambda: core.embed_clips(clips.clip, clips.clip_time_s), repeats
    )


if __name__ == "__main__":
    main()
