"""Laws of the contrastive family: oracles in numpy, minima at the truth, gradients, doubles."""

import math

import numpy as np
import pytest
import torch
from dtaidistance import dtw_ndim
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tests.align.test_losses import differentiates, random
from vla_sim.align.dtw import dtw
from vla_sim.align.losses.contrastive import contrastive_loss, counted, soft_contrastive_loss
from vla_sim.align.losses.cyclip import cross_symmetry_loss, inner_symmetry_loss
from vla_sim.align.losses.siglip import first_bias, siglip_loss
from vla_sim.align.losses.temperature import TemperatureConfig
from vla_sim.align.losses.triple import closeness, narrowest, triple_loss
from vla_sim.align.soft_targets import SoftTargetsConfig, alike, equal_outcome
from vla_sim.errors import BadConfig

Floats = NDArray[np.float64]


def unit(n: int, seed: int, n_embed: int = 6) -> Tensor:
    return functional.normalize(random(n, n_embed, seed=seed).detach(), dim=1)


def same_of(meaning: list[int]) -> Tensor:
    codes = torch.tensor(meaning)
    return codes[:, None] == codes[None, :]


def infonce_of_the_paper(logits: Floats) -> float:
    """Minus the mean log probability of the diagonal, from both sides."""
    n = len(logits)
    rows = [math.log(math.exp(logits[i, i]) / np.exp(logits[i]).sum()) for i in range(n)]
    columns = [math.log(math.exp(logits[i, i]) / np.exp(logits[:, i]).sum()) for i in range(n)]
    return -(sum(rows) + sum(columns)) / (2 * n)


def siglip_of_the_paper(logits: Floats, positive: NDArray[np.bool_]) -> float:
    """Minus the sum over all pairs of log sigmoid(z logit), over the rows."""
    sign = np.where(positive, 1.0, -1.0)
    return float(-np.log(1.0 / (1.0 + np.exp(-sign * logits))).sum() / len(logits))


@pytest.mark.parametrize("seed", range(3))
def test_infonce_and_siglip_are_the_papers(seed: int) -> None:
    logits, eye = 3.0 * random(7, 7, seed=seed).detach(), torch.eye(7, dtype=torch.bool)
    ours = 0.5 * (contrastive_loss(logits, eye) + contrastive_loss(logits.T, eye))
    assert ours.item() == pytest.approx(infonce_of_the_paper(logits.numpy()), abs=1e-12)
    positive = same_of([0, 1, 0, 2, 3, 1, 0])
    paper = siglip_of_the_paper(logits.numpy(), positive.numpy())
    assert siglip_loss(logits, positive).item() == pytest.approx(paper, abs=1e-12)


def test_soft_targets_that_are_hard_change_nothing() -> None:
    logits, positive = random(6, 6), same_of([0, 1, 0, 2, 2, 2])
    hard, soft = (
        contrastive_loss(logits, positive),
        soft_contrastive_loss(logits, positive.double()),
    )
    assert soft.item() == pytest.approx(hard.item(), abs=1e-12)


def test_soft_targets_are_least_at_themselves_and_cost_nothing_there() -> None:
    target = torch.rand(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert soft_contrastive_loss(target.log(), target).item() == pytest.approx(0.0, abs=1e-12)
    assert soft_contrastive_loss(target.log() + 0.3 * random(4, 6), target).item() > 1e-3
    at_truth = torch.logit(target)
    assert siglip_loss(at_truth, target).item() == pytest.approx(0.0, abs=1e-9)
    assert siglip_loss(at_truth + 0.3 * random(4, 6), target).item() > 1e-3


def test_gradients_are_finite_differences() -> None:
    positive, soft = same_of([0, 1, 0]), torch.tensor([[1.0, 0.2, 0.0]] * 3, dtype=torch.float64)
    count = torch.tensor([[1.0, 4.0, 1.0], [0.0, 1.0, 2.0], [1.0, 3.0, 1.0]], dtype=torch.float64)
    weight, scale = torch.tensor([1.0, 0.2, 0.7]).double(), torch.tensor(3.0).double()
    other = [unit(3, seed) for seed in (1, 2)]
    assert differentiates(lambda s: contrastive_loss(s, positive, weight), random(3, 3))
    assert differentiates(lambda s: soft_contrastive_loss(s, soft, weight), random(3, 3))
    assert differentiates(lambda s: contrastive_loss(counted(s, count), positive), random(3, 3))
    assert differentiates(
        lambda s: siglip_loss(s, soft, count_NM=count, weight_N=weight), random(3, 3)
    )
    assert differentiates(lambda v: cross_symmetry_loss(v, other[0]), random(3, 6))
    assert differentiates(lambda v: inner_symmetry_loss(v, other[0]), random(3, 6))
    assert differentiates(
        lambda v: triple_loss(v, other[0], other[1], positive, scale, weight), random(3, 6)
    )


def test_a_candidate_counts_as_often_as_it_is_told_to() -> None:
    logits, eye = random(3, 4).detach(), torch.eye(3, 4, dtype=torch.bool)
    doubled = torch.cat((logits, logits[:, 3:]), dim=1)
    positive = torch.cat((eye, eye[:, 3:]), dim=1)
    twice = torch.tensor([1.0, 1.0, 1.0, 2.0]).expand(3, 4)
    assert contrastive_loss(counted(logits, twice), eye).item() == pytest.approx(
        contrastive_loss(doubled, positive).item()
    )
    never = torch.tensor([1.0, 1.0, 1.0, 0.0]).expand(3, 4)
    assert contrastive_loss(counted(logits, never), eye).item() == pytest.approx(
        contrastive_loss(logits[:, :3], eye[:, :3]).item()
    )


def test_a_row_of_weight_zero_teaches_nothing() -> None:
    logits, eye = random(4, 4), torch.eye(4, dtype=torch.bool)
    weight = torch.tensor([1.0, 1.0, 0.0, 1.0], dtype=torch.float64)
    kept = [0, 1, 3]
    for loss in (contrastive_loss, siglip_loss):
        told = loss(logits, eye, weight_N=weight)
        assert told.item() == pytest.approx(loss(logits[kept], eye[kept]).item())


def test_sixteen_doubles_cost_nothing_at_perfect_alignment() -> None:
    meaning = (torch.arange(256) // 16).tolist()
    vectors = torch.eye(16, dtype=torch.float64)[meaning]
    logits, positive = 100.0 * vectors @ vectors.T, same_of(meaning)
    assert contrastive_loss(logits, positive).item() <= 1e-6
    assert contrastive_loss(logits, torch.eye(256, dtype=torch.bool)).item() == pytest.approx(
        math.log(16.0)
    )


def test_the_first_bias_is_the_share_of_positives() -> None:
    assert first_bias(torch.eye(64, dtype=torch.bool)).item() == pytest.approx(-math.log(63.0))
    shared = siglip_loss(first_bias(torch.eye(64)).expand(64, 64), torch.eye(64))
    for elsewhere in (-10.0, 0.0):
        assert siglip_loss(torch.full((64, 64), elsewhere), torch.eye(64)) > shared


def test_symmetry_is_free_where_it_holds() -> None:
    v, w = unit(5, 0), unit(5, 1)
    assert cross_symmetry_loss(v, v).item() == pytest.approx(0.0, abs=1e-12)
    turn = torch.linalg.qr(random(6, 6, seed=3).detach()).Q
    assert inner_symmetry_loss(v, v @ turn).item() == pytest.approx(0.0, abs=1e-12)
    cosine = (v @ w.T).numpy()
    paper = sum((cosine[j, k] - cosine[k, j]) ** 2 for j in range(5) for k in range(5)) / 5
    assert cross_symmetry_loss(v, w).item() == pytest.approx(paper)
    inner = ((v @ v.T) - (w @ w.T)).square().sum().item() / 5
    assert inner_symmetry_loss(v, w).item() == pytest.approx(inner)


def test_closeness_is_the_mean_cosine_and_keeps_signs() -> None:
    v, t, a = (unit(8, seed) for seed in range(3))
    cosines = torch.stack([(v * t).sum(1), (t * a).sum(1), (v * a).sum(1)], dim=1)
    torch.testing.assert_close(closeness(v, t, a), cosines.mean(1))
    torch.testing.assert_close(narrowest(v, t, a), cosines.amin(1))
    assert closeness(v, v, -v).mean() < 0.0 < closeness(v, v, v).mean()


def test_triples_are_least_where_each_closes_its_own() -> None:
    scale, own = torch.tensor(30.0).double(), torch.eye(4, dtype=torch.bool)
    axes = torch.eye(4, 6, dtype=torch.float64)
    assert triple_loss(axes, axes, axes, own, scale).item() < 1e-6
    assert triple_loss(axes, axes, axes.roll(1, 0), own, scale).item() > 1.0
    assert triple_loss(axes, axes, -axes, own, scale).item() > 1.0, "it is not blind to signs"
    collapsed = axes[:1].expand(4, 6)
    assert triple_loss(collapsed, collapsed, collapsed, own, scale).item() == pytest.approx(
        math.log(4.0)
    )
    doubled = axes[[0, 0, 1, 2]] + 0.0
    apart = torch.eye(4, 6, dtype=torch.float64)
    told = triple_loss(apart, doubled, apart, same_of([0, 0, 1, 2]), scale)
    assert told < triple_loss(apart, doubled, apart, own, scale), "equal words are no negatives"


@pytest.mark.parametrize(
    ("steps", "others", "band"), [(8, 8, None), (8, 8, 2), (6, 8, 1), (1, 5, 0)]
)
def test_warping_is_dtaidistance(steps: int, others: int, band: int | None) -> None:
    rng = np.random.default_rng(steps)
    first, second = rng.normal(size=(4, steps, 3)), rng.normal(size=(5, others, 3))
    cost, n_steps = dtw(torch.tensor(first), torch.tensor(second), band=band)
    window = None if band is None else band + 1
    for i in range(4):
        for j in range(5):
            told = dtw_ndim.distance(first[i], second[j], window=window)
            assert math.sqrt(cost[i, j]) == pytest.approx(told, abs=1e-9)
            path = dtw_ndim.warping_path(first[i], second[j], window=window)
            assert n_steps[i, j] == len(path)


def test_what_lags_is_near_and_what_differs_is_not() -> None:
    time = torch.linspace(0.0, 1.0, 8)
    bump = torch.exp(-((time - 0.4) ** 2) / 0.02)
    late = torch.exp(-((time - 0.55) ** 2) / 0.02)
    chunks = torch.stack((bump, late, -bump)).unsqueeze(-1)
    straight = torch.cdist(chunks.flatten(1), chunks.flatten(1))
    cost, _ = dtw(chunks, chunks, band=2)
    assert cost.diagonal().abs().max() == 0.0
    assert torch.equal(cost, cost.T)
    assert cost[0, 1].sqrt() < 0.5 * straight[0, 1]
    assert cost[0, 2] > 4.0 * cost[0, 1]


def test_soft_targets_know_own_body_and_duration() -> None:
    config = SoftTargetsConfig(la="dtw", scale=0.2, cut=0.3)
    knots = torch.zeros(5, 8, 2)
    knots[1] += 0.1
    knots[2] += 0.9
    body, n_components = torch.tensor([0, 0, 0, 1, 0]), torch.full((5,), 2.0)
    duration = torch.tensor([1.0, 1.1, 1.0, 1.0, 3.0])
    target = alike(config, knots, n_components, body, duration)
    torch.testing.assert_close(target.diagonal(), torch.ones(5))
    assert target[0, 1].item() == pytest.approx(math.exp(-0.1 / 0.2), rel=1e-4)
    assert target[0, 2] == target[0, 3] == target[0, 4] == 0.0
    assert torch.equal(target, target.T)


def test_equal_outcomes_begin_and_end_alike() -> None:
    same = same_of([0, 0, 0, 0, 1, 0])
    start = torch.zeros(6, 12)
    start[1, 0] = 0.5
    end = torch.full((6, 2), 0.4)
    end[2] += 0.2
    visible = torch.tensor([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    equal = equal_outcome(
        SoftTargetsConfig(va="outcome"),
        same_NN=same,
        body_N=torch.zeros(6, dtype=torch.int64),
        start_NP=start,
        end_N2=end,
        visible_N=visible,
    )
    assert equal[0].tolist() == [True, False, False, False, False, True]
    twice = torch.arange(80) % 40  # so many that torch would take a distance by a matrix product
    equal = equal_outcome(
        SoftTargetsConfig(va="outcome", radius=1e-4),
        same_NN=torch.ones(80, 80, dtype=torch.bool),
        body_N=torch.zeros(80, dtype=torch.int64),
        start_NP=(3.0 * unit(40, 0))[twice],
        end_N2=torch.rand(40, 2, generator=torch.Generator().manual_seed(0))[twice],
        visible_N=torch.ones(80),
    )
    assert torch.equal(equal, twice[:, None] == twice)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"va": "hope"}, "va is 'hope'"),
        ({"la": "outcome"}, "la is 'outcome'; use one of .'hard', 'dtw'"),
        ({"cut": 1.5}, "cut is 1.5"),
    ],
)
def test_bad_targets_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        SoftTargetsConfig(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("bounds", [(0.1, 0.04), (0.0, 1.0), (0.1,)])
def test_bad_temperatures_are_refused(bounds: tuple[float, ...]) -> None:
    with pytest.raises(BadConfig, match="vl is"):
        TemperatureConfig(vl=bounds)  # type: ignore[arg-type]
