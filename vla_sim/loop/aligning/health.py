"""Health: the space of a checkpoint looked at from inside, over the held-out gallery."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.envs.streams import stream
from vla_sim.envs.task_table import TaskTable
from vla_sim.eval.health.alignment_matrix import alignment_matrix
from vla_sim.eval.health.cka import FEWEST, debiased_cka
from vla_sim.eval.health.health_report import BatchSize, HealthReport
from vla_sim.loop.aligning.judge import Embedder, embeddings, gallery_texts
from vla_sim.loop.aligning.memory import Memory
from vla_sim.records.reports import RetrievalReport
from vla_sim.records.triple import Rows

Floats = NDArray[np.float32]

LIGHT = 0.1
"""How much brighter or darker a retold clip is, at most, as a share."""
GRAIN = 4.0
"""Standard deviation of the noise on its pixels, of 255."""
TREMBLE = 0.02
"""Standard deviation of the noise on retold actions [normalised action]."""
SHOWN = ("R@1", "R@10")


def retold(rows: Rows) -> Rows:
    """A gallery's clips in another light and its actions by a hand that trembles, always alike."""
    rng = stream("gallery", 1, "noise")
    clip, knots = (np.asarray(rows[name], dtype=np.float32) for name in ("clip", "knots"))
    light = 1.0 + rng.uniform(-LIGHT, LIGHT, (len(clip), 1, 1, 1, 1)).astype(np.float32)
    grain = GRAIN * rng.standard_normal(clip.shape, dtype=np.float32)
    tremble = TREMBLE * rng.standard_normal(knots.shape, dtype=np.float32)
    return {
        **rows,
        "clip": np.clip(np.rint(light * clip + grain), 0, 255).astype(np.uint8),
        "knots": np.clip(knots + tremble, -1.0, 1.0),
    }


def health_of(
    model: Embedder,
    told: Mapping[str, Floats],
    retrieval: RetrievalReport,
    gallery: Rows,
    table: TaskTable,
    *,
    step: int,
    temperatures: Mapping[str, float],
    batch: BatchSize,
) -> HealthReport:
    """The health of a model.

    Args:
        model: The model.
        told: What it makes of the gallery, see `embeddings`.
        retrieval: What came of that.
        gallery: Held-out segments.
        table: The tasks that they count by.
        step: Updates of the model.
        temperatures: Of its contrastive pairs.
        batch: What it was trained with.
    """
    again = embeddings(model, retold(gallery), gallery_texts(gallery, telling=1), table)
    meaning = np.asarray(gallery["meaning"], dtype=np.int64)
    pairs = list(combinations(told, 2)) if len(meaning) >= FEWEST else []
    single = [key for key in retrieval.values if "+" not in key and key.endswith(SHOWN)]
    return HealthReport(
        step=step,
        recall={key: retrieval.recall(key) for key in single},
        matrix=alignment_matrix(told, again, meaning),
        cka={f"{one}-{other}": debiased_cka(told[one], told[other]) for one, other in pairs},
        temperatures=dict(temperatures),
        batch=batch,
    )


def batch_size(memory: Memory, trainer: TrainerConfig, n_processes: int) -> BatchSize:
    """How large batches are now."""
    return BatchSize(
        moments=memory.config.batch_steps,
        segments=memory.segments_per_batch,
        meanings=memory.segments.n_groups,
        most_of_a_meaning=memory.config.max_duplicates,
        processes=n_processes,
        portion=trainer.segment_portion,
    )
