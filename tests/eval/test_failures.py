"""Each failure has one kind, from numbers alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.eval.failures import FAILURE_KINDS, failure_kind
from vla_sim.records.episode import Episode

Make = Callable[..., Episode]


def violated(name: str) -> dict[str, NDArray[np.bool_]]:
    return {name: np.arange(20) == 11, "jerk": np.ones(20, dtype=bool)}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("", {"success": True}),
        ("diverged", {"diverged": True, "violations": violated("collision")}),
        ("collision", {"violations": violated("collision")}),
        ("off_road", {"violations": violated("off_road")}),
        ("wrong_object", {"violations": violated("wrong_object")}),
        ("did_not_move", {"x_m": np.zeros(21)}),
        ("timeout_near", {"reward": np.linspace(0.1, 0.9, 20)}),
        ("timeout_far", {"reward": np.full(20, 0.1)}),
        ("ended_early", {"terminated": True}),
        ("ended_early", {"terminated": True, "hold_steps": 0, "truncated": False}),
        ("timeout_far", {"terminated": True, "hold_steps": 0, "reward": np.full(20, 0.1)}),
    ],
)
def test_the_first_kind_that_fits_names_it(
    kind: str, fields: dict[str, object], episode: Make
) -> None:
    one = episode(**{"success": False, **fields})
    assert failure_kind(one) == kind
    assert kind == "" or kind in FAILURE_KINDS


def test_reached_but_not_kept(episode: Make) -> None:
    one = replace(episode(success=False), success=np.arange(20) == 5)
    assert failure_kind(one) == "not_held"


def test_a_success_with_a_scratch_is_no_failure(episode: Make) -> None:
    assert failure_kind(episode(violations=violated("collision"))) == ""
