"""Laws of turns: they arrive, within limits, and what stands right stays still."""

import numpy as np
import pytest

from vla_sim.agents.experts.yaw_motion import YawMotionConfig, YawRollout
from vla_sim.assets.panda import (
    PANDA_MANNERS,
    YAW_ACCELERATION_RAD_S2,
    YAW_RANGE_RAD,
    YAW_RATE_RAD_S,
)
from vla_sim.errors import BadConfig
from vla_sim.records.manner import MANNERS

DT_S = 0.05


def rolled(rollout: YawRollout, target: list[float], manner: str, every: int) -> np.ndarray:
    """Rates (T, m), planned anew every few steps from what is sampled."""
    motion = YawMotionConfig(dt_s=DT_S).build(PANDA_MANNERS)
    rows = np.arange(len(target))
    index = np.full(len(target), MANNERS.index(manner))
    rates = []
    for t in range(120):
        if t % every == 0:
            rollout = motion.start(rollout.yaw, rollout.rate, rollout.acceleration)
            rollout.aim(rows, np.array(target), index)
        rates.append(rollout.advance())
    np.testing.assert_allclose(
        rollout.yaw, np.clip(target, -YAW_RANGE_RAD, YAW_RANGE_RAD), atol=2e-3
    )
    return np.array(rates)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("every", [1, 2, 8])
def test_turns_arrive_within_limits(manner: str, every: int) -> None:
    motion = YawMotionConfig(dt_s=DT_S).build(PANDA_MANNERS)
    start = motion.start(np.array([0.0, 0.3, -0.2]), np.zeros(3), np.zeros(3))
    rates = rolled(start, [1.2, -1.1, 2.0], manner, every)
    assert np.abs(rates).max() <= YAW_RATE_RAD_S + 1e-9
    assert np.abs(np.diff(rates, axis=0)).max() / DT_S <= 1.05 * YAW_ACCELERATION_RAD_S2


def test_what_is_right_and_still_is_not_turned_by_a_single_bit() -> None:
    motion = YawMotionConfig(dt_s=DT_S).build(PANDA_MANNERS)
    start = motion.start(np.zeros(2), np.zeros(2), np.zeros(2))
    assert not rolled(start, [0.0, 0.0], "quickly", 4).any()


def test_a_slow_manner_turns_slowly() -> None:
    top = {}
    for manner in ("slowly", "normal", "quickly"):
        motion = YawMotionConfig(dt_s=DT_S).build(PANDA_MANNERS)
        start = motion.start(np.zeros(1), np.zeros(1), np.zeros(1))
        top[manner] = np.abs(rolled(start, [1.2], manner, 2)).max()
    assert top["slowly"] < top["normal"] < top["quickly"]


def test_a_turn_needs_time_and_a_lever() -> None:
    with pytest.raises(BadConfig, match="positive"):
        YawMotionConfig(dt_s=0.0)
