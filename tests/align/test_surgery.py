"""Laws of gradient surgery."""

import torch

from vla_sim.align.surgery import conflict_share, pcgrad


def test_without_conflict_it_is_the_sum() -> None:
    gradient = torch.tensor([[1.0, 0.0, 0.5], [0.0, 2.0, 0.5]])
    torch.testing.assert_close(pcgrad(gradient), gradient.sum(0))
    torch.testing.assert_close(pcgrad(gradient[:1]), gradient[0])
    assert conflict_share(gradient) == 0.0


def test_two_conflicting_tasks_both_still_gain() -> None:
    gradient = torch.tensor([[1.0, 0.2], [-0.9, 0.3]])
    combined = pcgrad(gradient)
    assert (gradient @ combined >= -1e-6).all()
    # Each is projected off the other's original gradient.
    a, b = gradient
    expected = a - (a @ b) / (b @ b) * b + b - (a @ b) / (a @ a) * a
    torch.testing.assert_close(combined, expected)
    assert conflict_share(gradient) == 1.0


def test_a_zero_gradient_changes_nothing() -> None:
    gradient = torch.tensor([[1.0, -1.0], [0.0, 0.0]])
    torch.testing.assert_close(pcgrad(gradient), gradient[0])


def test_the_order_is_drawn_from_the_generator() -> None:
    gradient = torch.randn(4, 3, generator=torch.Generator().manual_seed(3))
    once = pcgrad(gradient, torch.Generator().manual_seed(1))
    again = pcgrad(gradient, torch.Generator().manual_seed(1))
    assert torch.equal(once, again)
