"""Dynamic time warping: how far two sequences are apart when time may stretch.

Legend: N and M sequences, K and J steps, A components.
"""

import torch
from torch import Tensor


@torch.no_grad()
def dtw(first_NKA: Tensor, second_MJA: Tensor, *, band: int | None = None) -> tuple[Tensor, Tensor]:
    """The cheapest way to walk each pair of sequences from start to end, all pairs at once.

    Steps of a walk go on by one in either sequence or in both; what a step costs is the squared
    distance of the two points. The recursion is over the K * J cells and runs for all pairs at
    once, on any device, without a gradient.

    Args:
        first_NKA: Sequences.
        second_MJA: Sequences of the same components.
        band: How many steps the two may be out of step, >= 0, beside what they differ in length
            (Sakoe and Chiba); None for any.

    Returns:
        The walk's cost (N, M), of which the root is what is commonly called the DTW distance, and
        its number of steps (N, M), of the shortest walk among equally cheap ones.

    Source:
        Sakoe and Chiba 1978, the symmetric form without weights.
    """
    n_first, n_second = first_NKA.shape[1], second_MJA.shape[1]
    slack = max(n_first, n_second) if band is None else band
    behind, ahead = slack + max(n_first - n_second, 0), slack + max(n_second - n_first, 0)
    shape_NM = (len(first_NKA), len(second_MJA))
    never_NM = first_NKA.new_full(shape_NM, torch.inf)
    start_NM = first_NKA.new_zeros(shape_NM)
    before = [(start_NM, start_NM)] + [(never_NM, start_NM)] * n_second
    for k in range(n_first):
        row = [(never_NM, start_NM)]
        for j in range(n_second):
            if not -behind <= j - k <= ahead:
                row.append((never_NM, start_NM))
                continue
            step_NM = _squared_distance(first_NKA[:, k], second_MJA[:, j])
            cost_NM, n_steps_NM = _cheapest(before[j], before[j + 1], row[j])
            row.append((cost_NM + step_NM, n_steps_NM + 1.0))
        before = row
    return before[-1]


def _squared_distance(first_NA: Tensor, second_MA: Tensor) -> Tensor:
    # By differences: a matrix product would lose half of the digits of near points.
    exact = "donot_use_mm_for_euclid_dist"
    return torch.cdist(first_NA, second_MA, compute_mode=exact).square()


def _cheapest(*ways: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The cost and the steps of the cheapest way here; the shorter one where they cost the same."""
    cost_NM, n_steps_NM = ways[0]
    for other_NM, n_other_NM in ways[1:]:
        tied_NM = (other_NM == cost_NM) & (n_other_NM < n_steps_NM)
        better_NM = (other_NM < cost_NM) | tied_NM
        cost_NM = torch.where(better_NM, other_NM, cost_NM)
        n_steps_NM = torch.where(better_NM, n_other_NM, n_steps_NM)
    return cost_NM, n_steps_NM
