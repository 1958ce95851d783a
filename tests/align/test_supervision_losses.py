"""Laws of consistency, balance, reachability and bands, from numbers alone."""

import math

import numpy as np
import pytest
import torch
from scipy.fft import dct
from scipy.special import expit
from torch import Tensor

from vla_sim.align.losses.balance import balance_entropy, balance_loss
from vla_sim.align.losses.consistency import consistency_loss, cosine_distance, squared_distance
from vla_sim.align.losses.reachability import reachability_loss
from vla_sim.align.supervision.band import BandConfig, kept_band
from vla_sim.align.supervision.masking import GREY, PATCHES, hidden
from vla_sim.align.supervision.pseudo_labels import PseudoLabelConfig
from vla_sim.align.supervision.reachability import times_to_ask
from vla_sim.errors import BadConfig
from vla_sim.records.triple import CHUNK_SIZE


def random(*shape: int, seed: int = 0) -> Tensor:
    values = np.random.default_rng(seed).normal(size=shape)
    return torch.tensor(values, requires_grad=True)


def reach(logit: Tensor, slack: Tensor, reachable: Tensor, **changed: float) -> Tensor:
    settings = {"softness_s": 0.2, "margin": 3.0, **changed}
    return reachability_loss(logit, slack, reachable, torch.ones_like(slack), **settings)


def test_gradients_are_finite_differences() -> None:
    weight = torch.rand(5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    target = random(5, 4, seed=1).detach()
    for distance in (cosine_distance, squared_distance):
        assert torch.autograd.gradcheck(
            lambda x, d=distance: consistency_loss(d(x, target), weight), (random(5, 4),)
        )
    first = torch.tensor(0.02, dtype=torch.float64, requires_grad=True)
    second = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: balance_loss(a, b, floor=0.9), (first, second))
    slack, reachable = random(5, seed=2).detach(), torch.tensor([1, 1, 0, 1, 0], dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda x: reach(x, slack, reachable), (random(5),))


def test_targets_of_consistency_are_held_and_the_minimum_is_at_them() -> None:
    value, target = random(3, 4), random(3, 4, seed=1)
    consistency_loss(cosine_distance(value, target), torch.ones(3)).backward()  # type: ignore[no-untyped-call]
    assert target.grad is None and value.grad is not None
    for distance in (cosine_distance, squared_distance):
        assert float(distance(target, target).abs().max().detach()) < 1e-12
    assert float(consistency_loss(torch.ones(3), torch.zeros(3))) == 0.0


def test_a_modality_that_decides_alone_costs_all_of_the_floor() -> None:
    none, some, more = (torch.tensor(v) for v in (0.0, 0.2, 0.4))
    assert float(balance_loss(none, some, floor=0.5)) == pytest.approx(0.5, abs=1e-3)
    assert float(balance_loss(some, more, floor=0.5)) == 0.0, "they need not weigh the same"
    assert float(balance_entropy(some, some)) == pytest.approx(1.0)
    assert float(balance_entropy(some, more)) == pytest.approx(float(balance_entropy(more, some)))


def test_reachability_is_zero_where_teacher_and_student_agree_and_only_there() -> None:
    slack = torch.linspace(-2.0, 2.0, 41, dtype=torch.float64)
    everywhere = torch.ones(41, dtype=torch.bool)
    at_truth = (slack / 0.2).requires_grad_()
    loss = reach(at_truth, slack, everywhere)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(0.0, abs=1e-12)
    assert at_truth.grad is not None and float(at_truth.grad.abs().max()) < 1e-12
    assert float(reach(slack / 0.2 + 0.5, slack, everywhere)) > 1e-3


def test_reachability_is_the_divergence_written_out() -> None:
    rng = np.random.default_rng(0)
    logit, slack = rng.normal(size=50), rng.normal(size=50)
    p, q = expit(slack / 0.2), expit(logit)
    expected = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean()
    found = reach(torch.tensor(logit), torch.tensor(slack), torch.ones(50, dtype=torch.bool))
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_what_cannot_be_reached_is_pushed_under_the_margin_and_never_drawn() -> None:
    logit = torch.tensor([-5.0, -2.0, 4.0], requires_grad=True)
    slack = torch.tensor([-math.inf, math.nan, -math.inf])
    reach(logit, slack, torch.zeros(3, dtype=torch.bool)).backward()  # type: ignore[no-untyped-call]
    assert logit.grad is not None
    assert logit.grad.tolist() == pytest.approx([0.0, 1 / 3, 1 / 3])


def test_times_are_asked_about_that_split_each_body_in_halves() -> None:
    rng = np.random.default_rng(0)
    least = np.stack([rng.uniform(0.5, 1.5, 400), rng.uniform(5.0, 15.0, 400)]).astype(np.float32)
    body = np.repeat(np.arange(2)[:, None], 400, axis=1)
    least[0, :3], least[1, :3] = np.inf, np.nan
    asked = times_to_ask(least, body, rng)
    for row in range(2):
        known = np.isfinite(least[row])
        assert 0.4 < (least[row] <= asked[row])[known].mean() < 0.6
    assert np.isfinite(asked[0, :3]).all(), "the unreachable are asked about too"
    assert np.isnan(times_to_ask(np.full((1, 3), np.inf, np.float32), body[:1, :3], rng)).all()


def test_a_band_keeps_the_slowest_waves_as_scipy_has_them() -> None:
    knots = random(2, CHUNK_SIZE, 3).detach()
    kept = kept_band(knots, 0.375)
    waves = dct(kept.numpy(), axis=1, norm="ortho")
    np.testing.assert_allclose(waves[:, 3:], 0.0, atol=1e-12)
    np.testing.assert_allclose(waves[:, :3], dct(knots.numpy(), axis=1, norm="ortho")[:, :3])


def test_a_band_keeps_the_way_and_widens_to_everything() -> None:
    knots = random(4, CHUNK_SIZE, 3).detach()
    power = 0.0
    for share in (0.125, 0.3, 0.5, 0.8, 1.0):
        kept = kept_band(knots, share)
        torch.testing.assert_close(kept.mean(1), knots.mean(1))
        assert float(kept.square().sum()) > power
        power = float(kept.square().sum())
    torch.testing.assert_close(kept, knots)
    config = BandConfig(first=0.25, until=0.5)
    assert [config.share(f) for f in (0.0, 0.25, 0.5, 1.0)] == [0.25, 0.625, 1.0, 1.0]


def test_patches_are_hidden_whole_and_equally_many_in_every_picture() -> None:
    picture = torch.zeros(3, 2, 64, 48, 3, dtype=torch.uint8)
    covered = hidden(picture, 0.25, torch.Generator().manual_seed(0)) == GREY
    patches = covered[..., 0].view(3, 2, PATCHES, 8, PATCHES, 6).transpose(3, 4).flatten(4)
    assert bool((patches.all(-1) == patches.any(-1)).all())
    assert patches.all(-1).sum((2, 3)).tolist() == [[16, 16]] * 3
    assert not bool((covered[0, 0] == covered[0, 1]).all()), "each has its own"


def test_pseudo_labels_are_ramped_in() -> None:
    config = PseudoLabelConfig(since=0.2, full=0.6)
    assert [config.ramp(f) for f in (0.0, 0.2, 0.4, 0.6, 1.0)] == pytest.approx([0, 0, 0.5, 1, 1])
    with pytest.raises(BadConfig, match="full has to lie later"):
        PseudoLabelConfig(since=0.5, full=0.5)
    with pytest.raises(BadConfig, match="not even the mean would be left"):
        BandConfig(first=0.1)
