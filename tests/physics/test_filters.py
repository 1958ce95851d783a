"""Laws of the action filter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_sim.errors import BadConfig
from vla_sim.physics.filters import input_for, low_pass, low_pass_gain


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.05, 1.0), st.floats(0.01, 0.2))
def test_its_inverse_takes_it_where_it_is_wanted(
    filtered: float, wanted: float, fraction: float, dt_s: float
) -> None:
    alpha = low_pass_gain(fraction, dt_s)
    state, goal = np.array([filtered]), np.array([wanted])
    assert np.allclose(low_pass(state, input_for(state, goal, alpha), alpha), goal, atol=1e-9)


def test_a_held_input_arrives_like_a_first_order_lag() -> None:
    dt_s, fraction = 0.05, 0.4
    alpha = low_pass_gain(fraction, dt_s)
    state = np.zeros(1)
    cutoff_hz = fraction * 0.5 / dt_s
    for step in range(1, 6):
        state = low_pass(state, np.ones(1), alpha)
        assert np.isclose(state[0], 1.0 - np.exp(-2 * np.pi * cutoff_hz * step * dt_s))


@pytest.mark.parametrize(("fraction", "dt_s"), [(0.0, 0.05), (1.5, 0.05), (0.4, 0.0)])
def test_bad_settings_raise(fraction: float, dt_s: float) -> None:
    with pytest.raises(BadConfig):
        low_pass_gain(fraction, dt_s)
