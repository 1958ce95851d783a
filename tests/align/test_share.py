"""Laws of shares: parts of a loss over queries add up to the whole, in value and in gradient."""

import pytest
import torch
from torch import Tensor

from vla_sim.align.crew import Crew
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.share import Share, both_ways, top1

N, M, E = 7, 9, 5


class Member(Crew):
    """One of several, as far as a share asks."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank = rank
        self.size = size


def problem() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Two modalities in double precision, with repeated meanings and further candidates."""
    torch.manual_seed(0)
    one, other = (torch.randn(n, E, dtype=torch.float64, requires_grad=True) for n in (N, M))
    scale = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    meaning = torch.tensor([0, 1, 1, 2, 0, 3, 4, 2, 9])
    return one, other, scale, meaning[:N], meaning


def taken(shares: list[Share]) -> list[Tensor]:
    """The mean over processes of loss and top 1, and the loss's gradients."""
    parts = []
    for share in shares:
        one, other, scale, one_id, other_id = problem()
        loss = both_ways(one, other, scale, one_id, other_id, share)
        right = top1(one, other, one_id, other_id, share)
        parts.append([loss.detach(), right, *torch.autograd.grad(loss, (one, other, scale))])
    return [torch.stack(values).mean(0) for values in zip(*parts, strict=True)]


@pytest.mark.parametrize(
    "shares",
    [
        [Share(at_once=2)],
        [Share(at_once=100)],
        [Share(crew=Member(rank, 2)) for rank in range(2)],
        [Share(crew=Member(rank, 3), at_once=1) for rank in range(3)],
        [Share(crew=Member(rank, 9)) for rank in range(9)],  # more processes than rows
    ],
)
def test_parts_are_the_whole(shares: list[Share]) -> None:
    torch.testing.assert_close(taken(shares), taken([Share()]), rtol=1e-6, atol=1e-12)


def test_the_gradient_is_the_finite_difference() -> None:
    one, other, scale, one_id, other_id = problem()

    def loss(one: Tensor, other: Tensor, scale: Tensor) -> Tensor:
        return both_ways(one, other, scale, one_id, other_id, Share(at_once=3))

    assert torch.autograd.gradcheck(loss, (one, other, scale), fast_mode=True)


def test_a_mean_of_nothing_is_no_number_as_the_loss_has_it() -> None:
    one, other, scale, _, _ = problem()
    nobody = torch.empty(0, dtype=torch.int64)
    for share in (Share(), Share(at_once=2), Share(crew=Member(1, 2))):
        assert both_ways(one[:0], other[:0], scale, nobody, nobody, share).isnan()


def test_a_cycle_finds_the_targets_of_its_rows() -> None:
    torch.manual_seed(0)
    predicted, target, scale = torch.randn(6, E), torch.randn(6, E), torch.tensor(2.0)
    target = torch.nn.functional.normalize(target, dim=-1)
    whole = cycle_loss(predicted, target, scale)

    def of_rows(rows: slice) -> Tensor:
        return cycle_loss(predicted[rows], target, scale, first=rows.start)

    torch.testing.assert_close(Share(at_once=4).mean(of_rows, 6), whole)
    assert cycle_loss(predicted[3:], target, scale) != of_rows(slice(3, 6))
