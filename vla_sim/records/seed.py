"""The seed of an episode: a whole number that every layer can hold."""

import numpy as np

from vla_sim.errors import BadConfig
from vla_sim.ranges import MAX_EPISODE_SEED


def checked_seed(seed: object, *, what: str = "seed") -> int:
    """The seed as Python's own int.

    Args:
        seed: A whole number, Python's or numpy's.
        what: What the error calls it.

    Raises:
        BadConfig: If it is no whole number (True is none), negative, or too large.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise BadConfig(f"{what} is {seed!r}; use a whole number from 0 to 2**63 - 1")
    if not 0 <= int(seed) <= MAX_EPISODE_SEED:
        raise BadConfig(f"{what} is {int(seed)}; use a whole number from 0 to 2**63 - 1")
    return int(seed)
