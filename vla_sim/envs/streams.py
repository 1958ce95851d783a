"""Where randomness comes from: one independent stream per episode and purpose.

A stream depends on the task, the episode's seed and its purpose alone, never on the slot, the batch
or what ran before: that is what makes an episode reproducible.
"""

import hashlib
import zlib
from typing import Literal, get_args

import numpy as np

from vla_sim.ranges import MAX_SEED, whole

Purpose = Literal[
    "plan",
    "scene",
    "words",
    "arm",
    "axis",
    "noise",
    "chain",
    "pairs",
    "schedule",
    "posture",
    "strip",
    "jitter",
]
_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
"""A purpose's place seeds its streams: append, never insert."""

TRAIN_SEEDS_FROM = 1_000_000
"""Training draws its seeds from here on; below lie the seeds of protocols, never trained on."""


def first_training_seed(seed: int) -> int:
    """The first of the million scenes that a run with this seed trains on, one after the other.

    Raises:
        BadConfig: If the seed is no whole number from 0 to MAX_SEED: the scenes of a negative one
            would be those of the benchmark.
    """
    whole(0, MAX_SEED, seed=seed)
    return TRAIN_SEEDS_FROM * (1 + seed)


def stream(task_id: str, seed: int, purpose: Purpose, stage: int = 0) -> np.random.Generator:
    """The generator of one episode for one purpose; `stage` counts a chain's instructions."""
    key = [zlib.crc32(task_id.encode()), seed, _PURPOSES.index(purpose)]
    return np.random.default_rng([*key, stage] if stage else key)


def step_stream(task_id: str, seed: int, purpose: Purpose, step: int) -> np.random.Generator:
    """The random generator of one control step of one episode for one purpose."""
    # From 1 up: numpy takes a trailing zero for nothing at all.
    place = _PURPOSES.index(purpose)
    return np.random.default_rng([zlib.crc32(task_id.encode()), seed, place, step + 1])


def own_seed(task_id: str, seed: int) -> int:
    """The seed that a policy gets for its own draws in an episode, in [0, 2**63).

    A hash, so that it does not name the scene. Whoever knows which seeds are planned can still try
    them all, as a picture can be compared with the pictures of all scenes: only seeds that are kept
    secret keep a secret.
    """
    digest = hashlib.sha256(f"whoever acts in {task_id} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
