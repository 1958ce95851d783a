"""Laws of the losses: the gradient is the finite difference, the minimum lies at the truth."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vla_sim.align.attention import cell_centres
from vla_sim.align.losses.behaviour import KNEE, behaviour_loss
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.goal import goal_loss
from vla_sim.align.losses.grounding import grounding_loss, splat
from vla_sim.align.losses.hazard import hazard_loss
from vla_sim.align.losses.motion import excess, filtered, mean_of, shortfall
from vla_sim.align.losses.table import LOSSES
from vla_sim.align.losses.temperature import INITIAL, LARGEST, clamp_temperature
from vla_sim.align.objective import Weights
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.records.triple import GRID


def random(*shape: int, seed: int = 0) -> Tensor:
    values = np.random.default_rng(seed).normal(size=shape)
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def differentiates(function: object, *inputs: Tensor) -> bool:
    return bool(torch.autograd.gradcheck(function, inputs, atol=1e-6))  # type: ignore[arg-type]


def test_every_weight_has_a_loss_and_every_loss_a_weight() -> None:
    assert set(vars(Weights())) | set(SupervisionConfig().of_terms) == set(LOSSES)


def test_gradients_are_finite_differences() -> None:
    positive = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0]], dtype=torch.bool)
    ones = torch.ones(3, dtype=torch.float64)
    place = torch.rand(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expert, target, hazard = random(3, 4, 2, seed=1), random(3, 3, seed=2), random(3, 16, seed=3)
    truth = (hazard.detach() > 1.0).double()
    assert differentiates(lambda s: contrastive_loss(s, positive), random(3, 4))
    assert differentiates(
        lambda p: cycle_loss(p, functional.normalize(target.detach(), dim=1), ones[0]), random(3, 3)
    )
    assert differentiates(
        lambda c: behaviour_loss(
            c,
            torch.zeros(3, 2).double().log_softmax(-1),
            expert.detach(),
            ones,
            ones[:, None].expand(3, 2),
        ),
        random(3, 2, 4, 2),
    )
    assert differentiates(
        lambda a: grounding_loss(a.log_softmax(-1), place, ones), random(3, GRID * GRID)
    )
    assert differentiates(lambda g: goal_loss(g, target.detach(), ones), random(3, 3))
    assert differentiates(lambda h: hazard_loss(h, truth), random(3, 16))
    assert differentiates(lambda v: mean_of(excess(v, 0.5 * ones), ones), random(3, 5))
    assert differentiates(
        lambda v: mean_of(shortfall(v, expert.detach()[..., 0], ones), ones), random(3, 4)
    )


def test_one_positive_each_is_plain_infonce() -> None:
    logits = random(5, 5)
    plain = functional.cross_entropy(logits, torch.arange(5))
    assert contrastive_loss(logits, torch.eye(5, dtype=torch.bool)).item() == pytest.approx(
        plain.item()
    )


def test_perfect_alignment_costs_nothing_however_often_words_repeat() -> None:
    meaning = torch.arange(8) % 2
    positive = meaning[:, None] == meaning[None, :]
    logits = 1e3 * positive.double()
    assert contrastive_loss(logits, positive).item() == pytest.approx(0.0, abs=1e-9)
    diagonal = contrastive_loss(logits, torch.eye(8, dtype=torch.bool))
    assert diagonal.item() == pytest.approx(math.log(4.0))  # the floor that multi-positives avoid


def test_queries_without_a_positive_do_not_count() -> None:
    logits = random(2, 3)
    positive = torch.tensor([[True, False, False], [False, False, False]])
    alone = contrastive_loss(logits[:1], positive[:1])
    assert contrastive_loss(logits, positive).item() == pytest.approx(alone.item())
    assert contrastive_loss(logits, torch.zeros(2, 3, dtype=torch.bool)).isnan()


def test_cycle_leaves_its_targets_alone_and_is_bounded_below() -> None:
    predicted, target = random(4, 6), random(4, 6, seed=1)
    theta = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    unit = functional.normalize(target, dim=1)
    cycle_loss(predicted, unit, theta).backward()  # type: ignore[no-untyped-call]
    assert target.grad is None and theta.grad is None and predicted.grad is not None
    perfect = cycle_loss(torch.eye(4) * 7.0, torch.eye(4), torch.tensor(100.0))
    collapsed = cycle_loss(torch.ones(4, 4), functional.normalize(torch.ones(4, 4), dim=1), theta)
    assert perfect.item() < 1e-6 < collapsed.item()


def test_splat_keeps_the_place() -> None:
    place = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    cell, weight = splat(place)
    mean = (cell_centres()[cell] * weight.unsqueeze(-1)).sum(1)
    torch.testing.assert_close(weight.sum(1), torch.ones(50))
    torch.testing.assert_close(mean, place, atol=1e-5, rtol=0.0)
    corner, _ = splat(torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    assert corner.min() >= 0 and corner.max() < GRID * GRID


def test_grounding_is_zero_at_the_splat_only() -> None:
    place = torch.tensor([[0.31, 0.72]])
    cell, weight = splat(place)
    best = torch.full((1, GRID * GRID), 1e-12).scatter(1, cell, weight)
    one = torch.ones(1)
    assert grounding_loss(best.log(), place, one).item() == pytest.approx(0.0, abs=1e-5)
    uniform = torch.full((1, GRID * GRID), 1.0 / GRID**2)
    assert grounding_loss(uniform.log(), place, one).item() > 3.0
    assert grounding_loss(uniform.log(), place, torch.zeros(1)).item() == 0.0


def test_behaviour_and_goal_are_least_at_the_truth_and_blind_to_padding() -> None:
    expert = random(3, 8, 7).detach()
    weight, sure = torch.ones(3, dtype=torch.float64), torch.zeros(3, 1)
    mask = torch.ones(3, 7)
    assert behaviour_loss(expert[:, None], sure, expert, weight, mask).item() == 0.0
    moved = expert.clone()
    moved[0] += 1.0
    assert behaviour_loss(moved[:, None], sure, expert, weight, mask).item() > 0.0
    weight[0] = 0.0
    assert behaviour_loss(moved[:, None], sure, expert, weight, mask).item() == 0.0
    goal = random(4, 3).detach()
    assert goal_loss(goal, goal, torch.ones(4)).item() == 0.0
    assert goal_loss(goal + 1.0, goal, torch.zeros(4)).item() == 0.0


def test_one_mode_is_plain_cloning_and_two_do_not_settle_for_the_way_between() -> None:
    # Half of the rows go left, half right, and nothing tells them apart.
    expert = torch.tensor([-0.8, 0.8]).repeat(8).view(16, 1, 1).expand(16, 8, 1)
    weight, mask = torch.ones(16), torch.ones(16, 1)

    def best(start: list[float]) -> Tensor:
        ways = torch.tensor(start, requires_grad=True)
        optimiser = torch.optim.Adam([ways], lr=0.02)
        share = torch.zeros(16, len(start)).log_softmax(-1)
        for _ in range(200):
            chunk = ways.view(1, -1, 1, 1).expand(16, -1, 8, 1)
            optimiser.zero_grad()
            behaviour_loss(chunk, share, expert, weight, mask).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return ways.detach().sort().values

    assert abs(best([0.1])[0]) < 0.75  # one answer for both: never either's own
    torch.testing.assert_close(best([0.1, -0.1]), torch.tensor([-0.8, 0.8]), atol=0.05, rtol=0.0)
    one = behaviour_loss(torch.full((16, 1, 8, 1), 0.1), torch.zeros(16, 1), expert, weight, mask)
    plain = functional.huber_loss(torch.full((16, 8, 1), 0.1), expert, delta=KNEE) / KNEE
    assert one.item() == pytest.approx(plain.item(), rel=1e-6)


def test_hazard_falls_towards_the_truth() -> None:
    truth = torch.zeros(2, 16)
    truth[0, 3] = 1.0
    sure = (truth * 2.0 - 1.0) * 20.0
    wrong_everywhere, unsure = hazard_loss(-sure, truth), hazard_loss(0.0 * sure, truth)
    assert hazard_loss(sure, truth) < 1e-6 < unsure < wrong_everywhere
    assert torch.isfinite(hazard_loss(sure, torch.zeros(2, 16)))


def test_a_bound_is_free_within_and_costs_beyond() -> None:
    value, one = torch.full((1, 8), 0.9), torch.ones(1)
    assert excess(value, 0.91 * one).item() == 0.0
    assert excess(value, 0.45 * one).item() == pytest.approx(0.5, rel=1e-6)  # 1 / (1 + 1)
    assert shortfall(value, torch.full((1, 8), 0.89), one).item() == 0.0
    assert shortfall(value, torch.full((1, 8), 1.9), one).item() == pytest.approx(0.5, rel=1e-5)


def test_filter_keeps_what_is_constant_and_lags_behind_a_step() -> None:
    constant = torch.full((1, 8, 2), 0.7)
    torch.testing.assert_close(filtered(constant, bandwidth_fraction=0.4), constant)
    step = torch.cat((torch.zeros(1, 1, 1), torch.ones(1, 7, 1)), dim=1)
    passed = filtered(step, bandwidth_fraction=0.4).flatten()
    alpha = 1.0 - math.exp(-math.pi * 0.4)
    state, expected = 0.0, []
    for value in step.flatten().tolist():
        state += alpha * (value - state)
        expected.append(state)
    torch.testing.assert_close(passed, torch.tensor(expected))


def test_temperature_is_clamped_in_place() -> None:
    theta = torch.nn.Parameter(torch.tensor(99.0))
    clamp_temperature(theta)
    assert theta.item() == pytest.approx(LARGEST)
    theta.data.fill_(-3.0)
    clamp_temperature(theta)
    assert theta.item() == 0.0
    assert 0.05 <= math.exp(-INITIAL) <= 0.07
