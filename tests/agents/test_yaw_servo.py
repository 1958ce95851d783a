"""Laws of turns: they arrive, within limits, and go by where they are, not by how they came."""

import numpy as np
import pytest

from vla_sim.agents.experts.yaw_servo import YawServo, heeding
from vla_sim.assets.panda import (
    PANDA_MANNERS,
    YAW_ACCELERATION_RAD_S2,
    YAW_RANGE_RAD,
    YAW_RATE_RAD_S,
)
from vla_sim.records.manner import MANNERS

DT_S = 0.05
HEEDING = heeding(PANDA_MANNERS)


def rolled(servo: YawServo, target: list[float], manner: str = "normal") -> np.ndarray:
    """Rates (T, m) of turns that are given the time they need."""
    index = np.full(len(target), MANNERS.index(manner))
    rates = []
    for _ in range(120):
        servo.aim(np.array(target), index)
        rates.append(servo.advance())
    return np.array(rates)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("top_rate", [None, HEEDING])
def test_turns_arrive_within_limits(manner: str, top_rate: np.ndarray | None) -> None:
    target = [1.2, -1.1, 2.0]
    servo = YawServo(np.array([0.0, 0.3, -0.2]), np.zeros(3), DT_S, top_rate)
    rates = rolled(servo, target, manner)
    np.testing.assert_allclose(servo.yaw, np.clip(target, -YAW_RANGE_RAD, YAW_RANGE_RAD), atol=2e-3)
    assert np.abs(rates).max() <= YAW_RATE_RAD_S + 1e-9
    assert np.abs(np.diff(rates, axis=0)).max() / DT_S <= YAW_ACCELERATION_RAD_S2 + 1e-9


@pytest.mark.parametrize("manner", MANNERS)
def test_which_way_it_turns_is_clear_within_three_steps_however_it_turned(manner: str) -> None:
    rates = np.array([-1.0, 0.0, 1.0]) * HEEDING[MANNERS.index(manner)]
    servo = YawServo(np.zeros(3), rates, DT_S, HEEDING)
    later = rolled(servo, [1.2, 1.2, 1.2], manner)
    assert (later[3:8] > 0.0).all(), "nobody sees how fast the hand turns"


def test_what_is_right_and_still_is_not_turned_by_a_single_bit() -> None:
    assert not rolled(YawServo(np.zeros(2), np.zeros(2), DT_S), [0.0, 0.0]).any()


def test_a_slow_manner_turns_slowly() -> None:
    manners = ("slowly", "normal", "quickly")
    top = [
        np.abs(rolled(YawServo(np.zeros(1), np.zeros(1), DT_S, HEEDING), [1.2], manner)).max()
        for manner in manners
    ]
    assert top[0] < top[1] < top[2]
