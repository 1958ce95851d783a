"""What an error of an action counts: steering by what it does at the speed at hand."""

import pytest
import torch
from torch import Tensor

from tests.align.test_priors import body_of
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.model import ModelConfig
from vla_sim.align.normaliser import Normaliser
from vla_sim.records.triple import N_ACT, N_PROPRIO

BODIES = (body_of("vla_sim/Reach-v1"), body_of("vla_sim/ChangeLane-v1"))
ARM, CAR = 0, 1
ALONG, STEERING = 0, 1


def moments(body: int, *speeds: float) -> tuple[Tensor, Tensor]:
    """Proprioception of one body at speeds [m/s], and its index."""
    proprio = torch.zeros(len(speeds), N_PROPRIO)
    proprio[:, BODIES[CAR].speed] = torch.tensor(speeds)
    return proprio, torch.full((len(speeds),), body)


def cost(norm: Normaliser, component: int, error_m_s2: float, speed: float) -> float:
    """The loss of a car's chunk that errs by so much acceleration, along or sideways."""
    car = BODIES[CAR]
    assert car.steering is not None
    along = next(limit.scale for limit in car.limits if limit.order == 2)
    per_command = along if component == ALONG else car.steering.scale * speed**2
    chunk = torch.zeros(1, 1, 8, N_ACT)
    chunk[..., component] = error_m_s2 / per_command
    right, sure = torch.zeros(1, 8, N_ACT), torch.zeros(1, 1)
    return behaviour_loss(
        chunk, sure, right, torch.ones(1), norm.worth(*moments(CAR, speed))
    ).item()


@pytest.mark.parametrize("error_m_s2", [0.2, 2.0])
def test_an_error_sideways_costs_what_it_costs_along(error_m_s2: float) -> None:
    norm = Normaliser(BODIES, sideways=True)
    for speed in (5.0, 8.0, 15.0):
        along = cost(norm, ALONG, error_m_s2, speed)
        assert cost(norm, STEERING, error_m_s2, speed) == pytest.approx(along, rel=1e-5)
    plain = Normaliser(BODIES)
    assert cost(plain, STEERING, error_m_s2, 8.0) < 0.4 * cost(plain, ALONG, error_m_s2, 8.0)


def test_the_command_itself_counts_where_it_does_little_and_an_arm_is_not_steered() -> None:
    norm = Normaliser(BODIES, sideways=True)
    slow = norm.worth(*moments(CAR, 0.0, 2.0, -2.0))
    assert torch.equal(slow, Normaliser(BODIES).worth(*moments(CAR, 0.0, 2.0, -2.0)))
    assert torch.equal(norm.worth(*moments(ARM, 8.0)), torch.ones(1, N_ACT))


def test_a_component_that_a_body_lacks_counts_nothing() -> None:
    car = Normaliser(BODIES, sideways=True).worth(*moments(CAR, 8.0))
    assert (car[0, :2] > 0.0).all()
    assert (car[0, 2:] == 0.0).all()


def test_a_model_counts_as_its_settings_say() -> None:
    words = Tokenizer.from_corpus(())
    counts = {
        sideways: ModelConfig(sideways=sideways).build(BODIES, words).normaliser.worth
        for sideways in (False, True)
    }
    at_speed = moments(CAR, 8.0)
    assert counts[False](*at_speed)[0, STEERING] == 1.0
    assert counts[True](*at_speed)[0, STEERING] > 3.0
