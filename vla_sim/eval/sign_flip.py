"""Sign flips: do paired differences lie around zero?"""

import numpy as np
from numpy.typing import ArrayLike

from vla_sim.errors import BadConfig
from vla_sim.eval.statistics import row_blocks

MOST_EXACT = 16
"""Differences that are not zero up to which all patterns of signs are gone through."""
N_DRAWN = 20_000
_CLOSE = 1e-12
"""Sums of the same numbers in another order."""


def sign_flip(differences: ArrayLike, *, seed: int = 20_240_601) -> float:
    """Two-sided p value that paired differences are as likely to be x as -x.

    Exact up to `MOST_EXACT` differences that are not zero; beyond that over patterns that are
    drawn, with the observed one among them, so that it is never too small. Of yes and no it is
    McNemar's exact test.

    Args:
        differences: Finite, shape (n,), n >= 1.
        seed: Of the patterns that are drawn; equal differences give equal p values.

    Raises:
        BadConfig: If there is none, or one that is not finite.

    Source:
        R. A. Fisher, The Design of Experiments (1935), section 21.
    """
    x = np.asarray(differences, dtype=np.float64).ravel()
    if len(x) == 0 or not np.isfinite(x).all():
        raise BadConfig("a sign-flip test needs differences, and finite ones")
    x = np.sort(x[x != 0.0])
    if len(x) == 0:
        return 1.0
    observed = abs(x.sum()) - _CLOSE * np.abs(x).sum()
    if len(x) <= MOST_EXACT:
        patterns = (np.arange(2 ** len(x))[:, None] >> np.arange(len(x))) & 1
        return float((np.abs((2 * patterns - 1) @ x) >= observed).mean())
    rng = np.random.default_rng(seed)
    n_as_far = 0
    for n_rows in row_blocks(N_DRAWN, len(x)):
        signs = 2.0 * rng.integers(2, size=(n_rows, len(x))) - 1.0
        n_as_far += int((np.abs((signs * x).sum(axis=1)) >= observed).sum())
    return (n_as_far + 1) / (N_DRAWN + 1)
