"""Laws of learnt weights: GradNorm and uncertainty."""

from math import exp, log

import pytest
import torch

from benchmarks.two_scales import relative_rates
from vla_sim.align.reconciling import gradnorm, uncertainty
from vla_sim.align.reconciling.gradnorm import N_FIRST, GradNorm, GradNormConfig, weight_slopes
from vla_sim.align.reconciling.learnt_numbers import LearntNumbers
from vla_sim.align.reconciling.uncertainty import Uncertainty, UncertaintyConfig
from vla_sim.align.reconciling.weigher import Seen, Weigher
from vla_sim.errors import BadConfig


def see(weigher: Weigher, values: dict[str, float], norms: dict[str, float] | None = None) -> None:
    weigher.see(Seen(values=values, norms=norms, chance={"contrast_vl": log(16)}))


def test_losses_of_scales_one_to_a_hundred_come_to_learn_at_one_rate() -> None:
    assert relative_rates("gradnorm")["small"] == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("kind", ["wrong force", "wrong alpha"])
def test_and_with_a_wrong_sign_they_do_not(kind: str) -> None:
    assert relative_rates(kind)["small"] != pytest.approx(1.0, abs=0.2)


def test_the_slope_of_a_weight_is_that_of_the_paper_on_the_parameters() -> None:
    """The oracle: differentiate the lengths of gradients of parameters, twice, by autograd."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(7, dtype=torch.float64, generator=generator, requires_grad=True)
    wants = torch.randn(3, 7, dtype=torch.float64, generator=generator)
    factors = torch.tensor([0.5, 1.5, 1.0], dtype=torch.float64, requires_grad=True)
    rates, alpha = [0.6, 1.4, 1.0], 1.5
    lengths = torch.stack(
        [
            torch.autograd.grad(
                factors[k] * 10.0**k * (z - wants[k]).square().sum(), z, create_graph=True
            )[0].norm()
            for k in range(3)
        ]
    )
    targets = (lengths.mean() * torch.tensor(rates, dtype=torch.float64) ** alpha).detach()
    expected = torch.autograd.grad((lengths - targets).abs().sum(), factors)[0].tolist()
    names = "abc"
    slopes = weight_slopes(
        dict(zip(names, lengths.tolist(), strict=True)),
        dict(zip(names, rates, strict=True)),
        dict(zip(names, factors.tolist(), strict=True)),
        alpha=alpha,
    )
    assert list(slopes.values()) == pytest.approx(expected)


def test_weights_add_up_keep_their_floors_and_begin_where_they_were_given() -> None:
    weigher = GradNorm(GradNormConfig(every=1, floors={"goal": 0.4}, learning_rate=0.2))
    values = {"goal": 1.0, "held": 1.0, "jerk": 1.0}
    for _ in range(N_FIRST):
        assert weigher.factors() == {}
        see(weigher, values, {"goal": 1.0, "held": 50.0, "jerk": 3.0})
    assert weigher.factors() == pytest.approx(dict.fromkeys(values, 1.0), abs=0.3)
    for _ in range(200):
        see(weigher, {**values, "goal": 0.01}, {"goal": 100.0, "held": 1.0, "jerk": 100.0})
    factors = weigher.factors()
    assert sum(factors.values()) == pytest.approx(3.0)
    assert 0.4 <= factors["goal"] < 0.6 and factors["jerk"] >= 0.5, "a prior keeps half"
    before = dict(factors)
    see(weigher, {"contrast_vl": 2.0}, {"contrast_vl": 0.0})
    joined = weigher.factors()
    assert joined.pop("contrast_vl") == pytest.approx(1.0), (
        "it joins by the loss of knowing nothing"
    )
    assert joined == pytest.approx(before), "and nobody's weight changes by that"


def test_a_term_that_was_zero_has_no_initial_loss_until_it_was_not() -> None:
    weigher = GradNorm(GradNormConfig(every=1))
    for _ in range(2 * N_FIRST):
        see(weigher, {"jerk": 0.0, "goal": 2.0}, {"jerk": 0.0, "goal": 1.0})
    assert weigher.initial == pytest.approx({"goal": 2.0})
    for _ in range(N_FIRST):
        see(weigher, {"jerk": 0.01, "goal": 1.0}, {"jerk": 1.0, "goal": 1.0})
    assert weigher.initial["jerk"] == pytest.approx(0.01)


def test_what_is_not_named_keeps_its_weight() -> None:
    weigher = GradNorm(GradNormConfig(every=2, terms=("goal", "held")))
    assert weigher.asks_norms(["goal", "jerk"]) == ["goal"]
    see(weigher, {"goal": 1.0})
    assert weigher.asks_norms(["goal", "jerk"]) == []
    assert weigher.factor("jerk") == 1.0


@pytest.mark.parametrize("term", ["goal", "hazard"])
def test_sigma_finds_its_optimum_and_begins_where_weights_were_given(term: str) -> None:
    weigher = Uncertainty(UncertaintyConfig(learning_rate=0.05))
    see(weigher, {term: 0.4})
    assert weigher.factor(term) == pytest.approx(1.0, rel=0.06)
    for _ in range(400):
        see(weigher, {term: 0.4})
    assert weigher.factor(term) == pytest.approx(1.0 / (2.0 * 0.4), rel=0.02), "one over twice L"
    for _ in range(400):
        see(weigher, {term: 0.0})
    half = uncertainty.half(term)
    assert weigher.factor(term) == pytest.approx(half * exp(3.0)), "bounded, where L is nothing"


def test_the_slope_of_sigma_is_the_finite_difference() -> None:
    value, s, half, h = 0.3, -0.7, 0.5, 1e-6

    def loss(at: float) -> float:
        return half * exp(-at) * value + 0.5 * at

    expected = (loss(s + h) - loss(s - h)) / (2 * h)
    assert uncertainty.slope(value, s, half) == pytest.approx(expected, rel=1e-6)


def test_a_floor_stays_outside_of_uncertainty() -> None:
    weigher = Uncertainty(UncertaintyConfig(learning_rate=0.5, floors={"goal": 0.8}))
    for _ in range(60):
        see(weigher, {"goal": 1e6, "velocity": 1e6, "held": 1e6})
    assert weigher.factor("goal") >= 0.8 and weigher.factor("velocity") >= 0.5
    assert weigher.factor("held") < 0.1


def test_a_loss_below_zero_is_refused_by_name() -> None:
    with pytest.raises(BadConfig, match=r"the loss 'mine:loss' is -0.5, and uncertainty"):
        see(Uncertainty(UncertaintyConfig()), {"mine:loss": -0.5})
    learnt, none = Uncertainty(UncertaintyConfig()), Uncertainty(UncertaintyConfig())
    see(learnt, {"V-L": -1e-7})
    see(none, {"V-L": 0.0})
    assert learnt.sigmas() == none.sigmas(), "rounding below 0 is 0"


@pytest.mark.parametrize("make", [GradNorm, Uncertainty])
def test_a_weigher_that_is_put_back_goes_on_alike(make: type[Weigher]) -> None:
    config = GradNormConfig(every=1) if make is GradNorm else UncertaintyConfig()
    one, other = make(config), make(config)  # type: ignore[call-arg]
    names = ("goal", "contrast_vl", "my.own:loss")

    def learn(weigher: Weigher, first: int, last: int) -> list[float]:
        for k in range(first, last):
            values = {name: 1.0 + 0.1 * ((k * j) % 7) for j, name in enumerate(names)}
            see(weigher, values, {name: value + k for name, value in values.items()})
        return [weigher.factor(name) for name in names]

    learn(one, 0, N_FIRST + 9)
    other.load_state(one.state())
    assert learn(one, N_FIRST + 9, 90) == learn(other, N_FIRST + 9, 90)


def test_numbers_without_a_gradient_stand_still() -> None:
    numbers = LearntNumbers(learning_rate=0.1)
    numbers["a"], numbers["b"] = 1.0, 2.0
    numbers.step({"a": 3.0})
    numbers.step({"a": 3.0})
    assert numbers["a"] == pytest.approx(0.8, abs=1e-6) and numbers["b"] == 2.0
    assert "c" not in numbers


def test_who_learns_slowly_is_told_by_the_ratio_to_the_first_loss() -> None:
    assert gradnorm.relative_rates({"a": 0.2, "b": 0.6}) == pytest.approx({"a": 0.5, "b": 1.5})
    assert gradnorm.relative_rates({"a": 0.0, "b": 0.0}) == {"a": 1.0, "b": 1.0}
