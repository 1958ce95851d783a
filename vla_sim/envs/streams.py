"""Where randomness comes from: one independent stream per episode and purpose.

A stream depends on the task, the episode's seed and its purpose alone, never on the slot, the batch
or what ran before: that is what makes an episode reproducible.
"""

import zlib
from typing import Literal, get_args

import numpy as np

Purpose = Literal["plan", "scene", "words", "arm", "chain"]
_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

TRAIN_SEEDS_FROM = 1_000_000
"""Training draws its seeds from here on; below lie the seeds of protocols, never trained on."""


def stream(task_id: str, seed: int, purpose: Purpose, stage: int = 0) -> np.random.Generator:
    """The generator of one episode for one purpose; `stage` counts a chain's instructions."""
    key = [zlib.crc32(task_id.encode()), seed, _PURPOSES.index(purpose)]
    return np.random.default_rng([*key, stage] if stage else key)
