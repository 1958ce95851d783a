"""The dual cone of some gradients: what works against none of them.

All is done on coefficients of the gradients: whatever is projected stays in their span, so their
products with each other (the Gramian) say everything.

Legend: T gradients.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

NOTHING = 1e-7
"""What is this much shorter than what it was made of is rounding: a Gramian in float64 cannot tell
it from nothing."""


def into_cone(
    gram_TT: NDArray[np.float64], point_T: NDArray[np.float64], sides: Sequence[int]
) -> NDArray[np.float64]:
    """The nearest point to a combination of gradients that works against none of some.

    Projecting onto {x: <x, g_s> >= 0 for all s} adds a combination of the g_s whose coefficients
    are not negative, which is non-negative least squares. Gradients are brought to one length
    first: the cone is the same, and lengths of 1000 : 1 would leave half of the digits.

    Args:
        gram_TT: <g_i, g_j>.
        point_T: Coefficients of the point.
        sides: Which of the gradients must not be worked against.

    Returns:
        Coefficients of the projection. Those of `sides` are never smaller than the point's, unless
        nothing is left: then all are zero.

    Source:
        arXiv 2406.16232, proposition 1, in the primal form.
    """
    length_T = np.sqrt(np.diag(gram_TT).clip(0.0))
    real_T = length_T > 0.0
    sides = [side for side in sides if real_T[side]]
    inverse_T = np.divide(1.0, length_T, where=real_T, out=np.zeros_like(length_T))
    values_T, vectors_TT = np.linalg.eigh(gram_TT * np.outer(inverse_T, inverse_T))
    factor_TT = np.sqrt(values_T.clip(0.0))[:, None] * vectors_TT.T  # its columns: unit gradients
    scaled_T = point_T * length_T
    place_T = factor_TT @ scaled_T
    length = float(np.linalg.norm(place_T))
    if not sides or length == 0.0:
        return point_T.copy()
    added_S, _ = nnls(factor_TT[:, sides], -place_T / length)
    moved_T = scaled_T.copy()
    moved_T[sides] += length * added_S
    if np.linalg.norm(factor_TT @ moved_T) < NOTHING * np.linalg.norm(moved_T):
        return np.zeros_like(point_T)
    out_T = point_T.copy()
    out_T[sides] += length * added_S * inverse_T[sides]
    return out_T


def cosines(gram_TT: NDArray[np.float64], point_T: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of a combination with each gradient; 0 where either is nothing."""
    length = np.sqrt(max(float(point_T @ gram_TT @ point_T), 0.0))
    length_T = length * np.sqrt(np.diag(gram_TT).clip(0.0))
    out_T: NDArray[np.float64] = np.divide(
        gram_TT @ point_T, length_T, where=length_T > 0.0, out=np.zeros_like(length_T)
    )
    return out_T
