"""Centred kernel alignment: do two modalities see the same things as near each other?

Legend: N rows, X and Y features.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig

FEWEST = 4
"""Rows below which nothing can be said without bias."""


def debiased_cka(one_NX: NDArray[np.floating], other_NY: NDArray[np.floating]) -> float | None:
    """Linear CKA with unbiased estimates.

    1 for the same up to rotation and scale; 0 in the mean for what is independent, and so below 0
    at times. The biased form calls 64 rows of independent features of 256 dimensions .8 alike.

    Args:
        one_NX: Features of N rows.
        other_NY: Others of the same rows.

    Returns:
        The value; None where one of them does not vary, so that there is nothing to compare.

    Raises:
        BadConfig: If the rows are not the same number, fewer than `FEWEST`, or not finite.

    Source:
        Kornblith et al. (arXiv 1905.00414) with the estimator of Song et al., JMLR 13 (2012) 1393,
        equation 5.
    """
    n = len(one_NX)
    if n != len(other_NY) or n < FEWEST:
        raise BadConfig(
            f"{n} and {len(other_NY)} rows: CKA needs as many of both, {FEWEST} or more"
        )
    if not (np.isfinite(one_NX).all() and np.isfinite(other_NY).all()):
        raise BadConfig("features are not all finite: look for NaN in the embeddings")
    one_NN, other_NN = _gram(one_NX), _gram(other_NY)
    scale = unbiased_hsic(one_NN, one_NN) * unbiased_hsic(other_NN, other_NN)
    if not scale > 0.0:
        return None
    return float(unbiased_hsic(one_NN, other_NN) / np.sqrt(scale))


def unbiased_hsic(one_NN: NDArray[np.float64], other_NN: NDArray[np.float64]) -> float:
    """Dependence of two kernels over the same rows, unbiased; their diagonals do not count.

    Args:
        one_NN: Symmetric.
        other_NN: Symmetric.
    """
    n = len(one_NN)
    one_NN, other_NN = (kernel * (1.0 - np.eye(n)) for kernel in (one_NN, other_NN))
    one_N, other_N = one_NN.sum(axis=1), other_NN.sum(axis=1)
    together = (one_NN * other_NN).sum()
    apart = one_N.sum() * other_N.sum() / ((n - 1) * (n - 2))
    return float((together + apart - 2.0 * (one_N @ other_N) / (n - 2)) / (n * (n - 3)))


def _gram(feature_NX: NDArray[np.floating]) -> NDArray[np.float64]:
    # Centred: it changes nothing but the rounding, which a large mean would spoil.
    wide_NX = np.asarray(feature_NX, dtype=np.float64)
    wide_NX = wide_NX - wide_NX.mean(axis=0)
    gram_NN: NDArray[np.float64] = wide_NX @ wide_NX.T
    return gram_NN
