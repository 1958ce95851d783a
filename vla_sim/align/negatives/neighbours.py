"""Neighbours: meanings that differ in little.

Legend: N and M meanings, P parts of a meaning.
"""

import torch
from torch import Tensor

from vla_sim.envs.language.codes import PLACES


def neighbours(first_N: Tensor, second_M: Tensor, *, reach: int) -> Tensor:
    """Which meanings differ in at least one part and in at most `reach`, bool (N, M).

    Args:
        first_N: Codes of meanings.
        second_M: Codes of meanings.
        reach: Parts.
    """
    differing_NM = torch.zeros(len(first_N), len(second_M), device=first_N.device)
    for below, radix in PLACES:
        part_N, part_M = first_N // below % radix, second_M // below % radix
        differing_NM += part_N[:, None] != part_M[None, :]
    return (differing_NM > 0.0) & (differing_NM <= reach)
