"""CyCLIP: similarities of two modalities shall be consistent, across and within.

Legend: N rows, E embedding.
"""

from torch import Tensor


def cross_symmetry_loss(first_NE: Tensor, second_NE: Tensor) -> Tensor:
    """Row j of one with row k of the other is as alike as k with j.

    Args:
        first_NE: Unit vectors of one modality.
        second_NE: Those of the other, row by row.

    Returns:
        Scalar, >= 0: squared differences of cosines, summed over k and averaged over j.

    Source:
        CyCLIP (arXiv 2205.14459), equation 3.
    """
    cosine_NN = first_NE @ second_NE.T
    return (cosine_NN - cosine_NN.T).square().sum(1).mean()


def inner_symmetry_loss(first_NE: Tensor, second_NE: Tensor) -> Tensor:
    """Two rows are as alike in one modality as in the other.

    Args:
        first_NE: Unit vectors of one modality.
        second_NE: Those of the other, row by row.

    Returns:
        Scalar, >= 0: squared differences of cosines, summed over k and averaged over j.

    Source:
        CyCLIP (arXiv 2205.14459), equation 4.
    """
    return (first_NE @ first_NE.T - second_NE @ second_NE.T).square().sum(1).mean()
