"""Laws of quantisers: they agree with another's, follow their tokens, and waste no code."""

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from torch import Tensor
from vector_quantize_pytorch import FSQ, VectorQuantize

from vla_sim.align.fusion.code_use import CodeUse, told_of
from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig
from vla_sim.align.fusion.scalar_quantiser import ScalarQuantiser
from vla_sim.align.fusion.standardiser import Standardiser
from vla_sim.align.fusion.vector_quantiser import VectorQuantiser
from vla_sim.errors import BadConfig

K, D, DECAY = 12, 5, 0.9


def tokens(seed: int, n: int = 64, d: int = D) -> Tensor:
    return torch.randn((n, d), generator=torch.Generator().manual_seed(seed))


def quantiser(expire_below: float = 0.0, n_codes: int = K) -> VectorQuantiser:
    torch.manual_seed(0)
    return VectorQuantiser(n_codes=n_codes, n_components=D, decay=DECAY, expire_below=expire_below)


def test_codes_follow_their_tokens_as_in_another_implementation() -> None:
    ours = quantiser()
    theirs = VectorQuantize(
        dim=D,
        codebook_size=K,
        decay=DECAY,
        threshold_ema_dead_code=0,
        commitment_weight=1.0,
        rotation_trick=False,  # straight through, as we do
    ).train()
    theirs._codebook.embed.data.copy_(ours.code_KD.unsqueeze(0))
    theirs._codebook.embed_avg.data.copy_(ours.code_KD.unsqueeze(0))
    for seed in range(8):
        given, copy = tokens(seed).requires_grad_(), tokens(seed).requires_grad_()
        value_ND, code_N = ours(given)
        expected, indices, commitment = theirs(copy.unsqueeze(0))
        assert torch.equal(code_N, indices.squeeze(0))
        torch.testing.assert_close(value_ND, expected.squeeze(0), atol=1e-6, rtol=0.0)
        told = torch.nn.functional.mse_loss(given, value_ND.detach())
        torch.testing.assert_close(told, commitment.squeeze(), atol=1e-6, rtol=0.0)
        (value_ND.square().sum() + told).backward()
        (expected.square().sum() + commitment.sum()).backward()
        assert given.grad is not None and copy.grad is not None
        torch.testing.assert_close(given.grad, copy.grad, atol=1e-6, rtol=1e-6)
        ours.follow(given.detach(), code_N, torch.Generator())
        torch.testing.assert_close(ours.code_KD, theirs.codebook, atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("levels", [(8, 5, 5, 5), (7, 4), (3,)])
def test_a_grid_has_the_codes_of_another_implementation(levels: tuple[int, ...]) -> None:
    ours, theirs = ScalarQuantiser(levels), FSQ(list(levels))
    given = 2.0 * tokens(0, 500, len(levels))
    copy = given.clone().requires_grad_()
    given.requires_grad_()
    value_ND, code_N = ours(given)
    expected, indices = theirs(copy.unsqueeze(0))
    assert torch.equal(code_N, indices.squeeze(0).long()) and ours.n_codes == theirs.codebook_size
    torch.testing.assert_close(value_ND, expected.squeeze(0), atol=1e-6, rtol=0.0)
    torch.stack((value_ND.square().sum(), expected.square().sum())).sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(given.grad, copy.grad, atol=1e-6, rtol=1e-5)


def test_every_code_of_a_grid_can_be_reached() -> None:
    levels = (4, 5)
    far = torch.tensor(list(itertools.product(torch.linspace(-4, 4, 41).tolist(), repeat=2)))
    _, code_N = ScalarQuantiser(levels)(far)
    assert set(code_N.tolist()) == set(range(20))


def test_a_code_that_nobody_chooses_begins_anew_among_the_tokens() -> None:
    """All tokens lie far from where codes begin: without expiry one code would take them all."""
    moved: dict[float, int] = {}
    for expire_below in (0.0, 0.1):
        held, generator = quantiser(expire_below), torch.Generator().manual_seed(1)
        for seed in range(20):
            token_ND = tokens(seed) + 9.0
            held.follow(token_ND, held(token_ND)[1], generator)
        moved[expire_below] = len(held(tokens(99) + 9.0)[1].unique())
    assert moved[0.0] < K / 2 and moved[0.1] == K


def test_equal_generators_put_codes_at_equal_places_however_many_expire() -> None:
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    some, none = quantiser(0.99), quantiser(1e-9)
    for held, generator in ((some, one), (none, other)):
        held.count_K.fill_(1.0)
        held.follow(tokens(0), held(tokens(0))[1], generator)
    assert torch.equal(one.get_state(), other.get_state())
    assert not torch.equal(some.code_KD, none.code_KD)


def test_fewer_tokens_than_codes_are_enough() -> None:
    held = quantiser(0.1, n_codes=64)
    held.follow(tokens(0, 3), held(tokens(0, 3))[1], torch.Generator().manual_seed(0))
    assert torch.isfinite(held.code_KD).all()
    before = held.code_KD.clone()
    held.follow(tokens(0, 0), torch.zeros(0, dtype=torch.int64), torch.Generator())
    assert torch.equal(held.code_KD, before)


def test_use_is_even_or_shared_or_apart() -> None:
    told = told_of(torch.ones(2, 8))
    assert told["codes/perplexity_words"] == pytest.approx(8.0)
    assert told["codes/used_picture"] == 1.0 and told["codes/divergence"] == pytest.approx(0.0)
    apart = told_of(torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 3.0]]))
    assert apart["codes/divergence"] == pytest.approx(1.0)
    assert apart["codes/used_picture"] == 0.5 and apart["codes/used_words"] == 0.25
    share_MK = torch.rand((2, 30), generator=torch.Generator().manual_seed(0))
    expected = jensenshannon(*share_MK.double().numpy(), base=2.0) ** 2
    assert told_of(share_MK)["codes/divergence"].item() == pytest.approx(expected, abs=1e-6)


def test_use_is_a_moving_average_that_begins_with_the_first_update() -> None:
    use = CodeUse(4, decay=0.9)
    first, second = [torch.tensor([0, 0, 1, 1]), torch.tensor([2])], [torch.tensor([3])] * 2
    use.share_MK.copy_(use.with_more(first))
    assert told_of(use.share_MK)["codes/perplexity_picture"] == pytest.approx(2.0)
    share_MK = use.with_more(second)
    np.testing.assert_allclose(share_MK.numpy()[:, 3], [0.1, 0.1], rtol=1e-6)


def test_a_standardiser_forgets_where_it_began_and_knows_no_neighbours() -> None:
    even, given = Standardiser(D, decay=0.99), 3.0 * tokens(0, 4000) + 7.0
    assert torch.equal(even(given), given)
    for part in given.view(10, 400, D):
        even.follow(part)
    made = even(given)
    torch.testing.assert_close(made.mean(0), torch.zeros(D), atol=0.02, rtol=0.0)
    torch.testing.assert_close(made.var(0), torch.ones(D), atol=0.05, rtol=0.0)
    torch.testing.assert_close(even(given[5:6]), made[5:6])
    even.follow(torch.full((2, D), 5.0))
    assert torch.isfinite(even(given)).all()


def test_settings_out_of_range_are_refused_by_name() -> None:
    for wrong in ({"n_codes": 1}, {"decay": 1.5}, {"expire_below": -0.1}, {"n_side": 0}):
        with pytest.raises(BadConfig, match=next(iter(wrong))):
            CodebookConfig(**wrong)
    with pytest.raises(BadConfig, match="decay is 1: codes would never move"):
        CodebookConfig(decay=1.0)
    with pytest.raises(BadConfig, match="decay is 1: use would never be counted"):
        FsqConfig(decay=1.0)
    with pytest.raises(BadConfig, match="levels is empty"):
        FsqConfig(levels=())
    with pytest.raises(BadConfig, match=r"levels is \(8, 1\)"):
        FsqConfig(levels=(8, 1))
