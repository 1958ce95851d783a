"""Laws of gradient caching: portions have the gradient of the whole, draws and all."""

import pytest
import torch
from torch import Tensor, nn

from vla_sim.align.gradient_cache import GradientCache
from vla_sim.align.losses.contrastive import contrastive_loss

N_ROWS = 10


class Tower(nn.Module):
    """Drops by torch's own generator and by one of its own."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.Dropout(0.3), nn.Tanh(), nn.Linear(16, 4))
        self.unused = nn.Linear(6, 2)

    def forward(self, row_NX: Tensor) -> tuple[Tensor, ...]:
        kept_NX = torch.rand(row_NX.shape, generator=self.generator) < 0.8
        return self.layers(row_NX * kept_NX), self.unused(row_NX)


def loss_of(vector_NE: Tensor) -> Tensor:
    unit_NE = nn.functional.normalize(vector_NE, dim=-1)
    return contrastive_loss(8.0 * unit_NE @ unit_NE.T, torch.arange(N_ROWS)[:, None] // 2 == 1)


@pytest.mark.parametrize("portion", [1, 3, 10, 64])
def test_the_gradient_is_that_of_the_whole_with_the_same_draws(portion: int) -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    tower, row_NX = Tower(generator), torch.randn(N_ROWS, 6)
    begun = torch.get_rng_state(), generator.get_state()

    # One graph over the same portions: they draw alike.
    parts = [tower(row_NX[k : k + portion])[0] for k in range(0, N_ROWS, portion)]
    whole = loss_of(torch.cat(parts))
    torch.autograd.backward(whole)
    drawn_next = torch.rand(3), torch.rand(3, generator=generator)
    expected = {name: p.grad for name, p in tower.named_parameters()}
    tower.zero_grad(set_to_none=True)

    torch.set_rng_state(begun[0])
    generator.set_state(begun[1])
    cache = GradientCache(
        lambda rows: tower(row_NX[rows]),
        N_ROWS,
        portion=portion,
        generators=(generator,),
        device=torch.device("cpu"),
    )
    loss = loss_of(cache.vectors[0])
    assert loss.item() == whole.item()
    torch.autograd.backward(loss)
    assert all(p.grad is None for p in tower.parameters()), "nothing was kept of the first look"
    cache.backward()
    for name, p in tower.named_parameters():
        if expected[name] is None:
            assert p.grad is None, "what no loss asks for has no gradient"
        else:
            torch.testing.assert_close(p.grad, expected[name], rtol=1e-5, atol=1e-7)
    assert torch.equal(torch.rand(3), drawn_next[0]), "the second look draws nothing more"
    assert torch.equal(torch.rand(3, generator=generator), drawn_next[1])


def test_gradients_are_added_to_those_that_are_there() -> None:
    weight = nn.Parameter(torch.ones(2))
    cache = GradientCache(
        lambda rows: (torch.eye(4, 2)[rows] * weight,),
        4,
        portion=2,
        generators=(),
        device=torch.device("cpu"),
    )
    torch.autograd.backward((3.0 * weight).sum())
    torch.autograd.backward(cache.vectors[0].sum())
    cache.backward()
    assert torch.equal(
        weight.grad if weight.grad is not None else torch.empty(0), torch.full((2,), 4.0)
    )
