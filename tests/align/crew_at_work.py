"""What the processes of a crew do in the tests: `python -m tests.align.crew_at_work OUT WHAT`.

Each makes the updates of a scenario and writes their losses; alone, `losses_of` does the same in
the process of the test.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.align import squares
from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.negatives.bank import MemoryBankConfig
from vla_sim.align.negatives.semi_hard import SemiHardConfig
from vla_sim.align.negatives.vote import VoteConfig
from vla_sim.align.objective import Weights
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.soft_targets import SoftTargetsConfig
from vla_sim.align.supervision.band import BandConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import VlaSimError
from vla_sim.loop.aligning.orders import Update

OTHER = replace(squares.BODY, name="other")
PLAIN = TrainerConfig(
    model=ModelConfig(
        vision=VisionConfig(width=8, deep_width=8, n_out=8),
        text=BagTextConfig(width=16, unknown_dropout=0.2),
        hidden=32,
        n_embed=16,
    ),
    curriculum=CurriculumConfig(first="all"),
    weights=replace(Weights(), contrast_step=0.3),
    rehearsal_noise=None,
    segment_every=2,
    freeze_text_after=0.8,
)
N_SHORT = 8
SCENARIOS: Mapping[str, tuple[TrainerConfig, int]] = {
    "plain": (PLAIN, 20),
    "portions": (
        replace(PLAIN, segment_portion=2, reconciling=FixedConfig(watch_every=None)),
        N_SHORT,
    ),
    "at once": (PLAIN, N_SHORT),
    "surgery": (replace(PLAIN, reconciling=PcgradConfig(watch_every=2)), N_SHORT),
    "first": (
        replace(PLAIN, reconciling=FixedConfig(priority=("contrast_la", "goal"), watch_every=3)),
        N_SHORT,
    ),
    "contrast": (
        replace(
            PLAIN,
            model=replace(PLAIN.model, siglip=("vl", "step")),
            weights=replace(PLAIN.weights, triple=0.3, cyclip_cross=0.2, cyclip_inner=0.2),
            contrast=ContrastConfig(
                targets=SoftTargetsConfig(la="dtw", va="outcome", step="dtw"),
                bank=MemoryBankConfig(batches=2),
                semi_hard=SemiHardConfig(margin=0.3),
                vote=VoteConfig(floor=0.3),
                warm_up=3,
            ),
            supervision=SupervisionConfig(band=BandConfig(first=0.5)),
        ),
        N_SHORT,
    ),
    "thirds": (
        replace(PLAIN, weights=replace(PLAIN.weights, triple=0.3, cyclip_cross=0.2)),
        N_SHORT,
    ),
    "thirds in portions": (
        replace(
            PLAIN,
            weights=replace(PLAIN.weights, triple=0.3, cyclip_cross=0.2),
            segment_portion=3,
            reconciling=FixedConfig(watch_every=None),
        ),
        N_SHORT,
    ),
    "gated": (
        replace(
            PLAIN,
            curriculum=CurriculumConfig(first="vl", behaviour_from_start=False),
            freeze=("clip",),
        ),
        N_SHORT,
    ),
}
"""{name: settings and number of updates}; in "gated" most of the model has no gradient."""
KILLED = "killed"
"""A scenario in which the last process is killed in the middle of its updates."""


def batch(k: int, n_steps: int) -> Update:
    """The batch of update k: rows of unequal weight, of two bodies, some without labels."""
    rng = np.random.default_rng(k)
    rows, segments, more = squares.steps(rng, 6), squares.segments(rng, 8), squares.steps(rng, 8)
    weight, chunk, knots = rows.weight.copy(), rows.chunk.copy(), segments.knots.copy()
    weight[:2, 2:], chunk[k % 6], knots[: k % 8] = 0.0, np.nan, np.nan
    rows = replace(
        rows, weight=weight, chunk=chunk, task=np.array((0, 0, 0, 1, 1, 0), dtype=np.int64)
    )
    segments = replace(segments, knots=knots)
    return Update(
        fraction=k / n_steps,
        steps=rows,
        step_texts=squares.say_all(rng, rows),
        segments=segments,
        segment_texts=squares.say(rng, segments.meaning),
        rehearsal=more,
        rehearsal_texts=squares.say_all(rng, more),
    )


def trainer_of(config: TrainerConfig, crew: Crew = ALONE) -> AlignTrainer:
    """One of two bodies."""
    bodies = [squares.BODY, OTHER]
    return AlignTrainer(
        config, corpus=squares.CORPUS, bodies=bodies, task_body=[0, 1], seed=0, crew=crew
    )


def losses_of(scenario: str, crew: Crew = ALONE) -> list[dict[str, float]]:
    """Every loss of every update, what is watched, and how long gradients are."""
    config, n_steps = SCENARIOS.get(scenario, (PLAIN, 20))
    trainer = trainer_of(config, crew)
    history = []
    for k in range(n_steps):
        if scenario == KILLED and k == n_steps // 2 and crew.rank == crew.size - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        update = batch(k, n_steps)
        if not trainer.wants_segments:
            update = replace(update, segments=None, segment_texts=())
        report = update.part(crew.rank, crew.size).done_by(trainer)
        look = {} if report.gradients is None else {**report.gradients.norms}
        looked = {f"pull of {name}": length for name, length in look.items()}
        history.append({"total": report.total, **report.terms, **report.report, **looked})
    return history


def main() -> int:
    """Run scenarios as one of the processes that the environment tells of."""
    from vla_sim.align.ranks import join

    torch.set_num_threads(1)
    out, *scenarios = sys.argv[1:]
    ranks = join("cpu")
    try:
        for name in scenarios:
            made = losses_of(name, ranks)
            Path(out, f"{name}_{ranks.rank}.json").write_text(json.dumps(made))
    except VlaSimError as error:
        ranks.failed(error)
        Path(out, f"error_{ranks.rank}.txt").write_text(f"{type(error).__name__}: {error}")
        return 1
    finally:
        ranks.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
