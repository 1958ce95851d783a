"""Multiplicity: several tests at once, with the error of all of them together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_sim.errors import BadConfig


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P values that may each be held against alpha though there are m of them.

    Args:
        p_values: In [0, 1], shape (m,).

    Returns:
        Adjusted, shape (m,), in the same order; the chance that any true null hypothesis falls
        below alpha is at most alpha, whatever the tests have to do with each other.

    Raises:
        BadConfig: If one is no probability.

    Source:
        S. Holm, Scand. J. Statist. 6 (1979) 65.
    """
    p = np.asarray(p_values, dtype=np.float64).ravel()
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise BadConfig(f"p values lie in [0, 1]; got {p.tolist()}")
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
