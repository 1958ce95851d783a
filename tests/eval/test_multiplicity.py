"""Several tests at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_sim.errors import BadConfig
from vla_sim.eval.multiplicity import holm


def test_holm_pays_for_the_number_of_tests() -> None:
    # Worked by hand: 3 * .01, then max(.03, 2 * .02), then max(.04, .04).
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([]).tolist() == []
    assert holm([0.9, 0.9]).tolist() == [1.0, 1.0]
    with pytest.raises(BadConfig, match="p values lie in"):
        holm([0.1, 1.2])


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_one_test_and_bonferroni(p: list[float]) -> None:
    raised = holm(p).tolist()
    for one, paid in zip(p, raised, strict=True):
        assert one <= paid <= min(1.0, len(p) * one) + 1e-12
    assert [raised[k] for k in np.argsort(p)] == sorted(raised)
