"""A warning is due where the return rises while success surely falls, and nowhere else."""

from typing import Any

import pytest

from vla_sim.loop.rl.rl_watch import parted


def row(success: float, paid: float, n_episodes: int = 500) -> dict[str, Any]:
    return {"env_steps": 1000, "n_episodes": n_episodes, "success": success, "return": paid}


def test_it_warns_with_both_numbers() -> None:
    said = parted([row(0.9, 1.0), row(0.6, 1.4)], 100)
    assert "from 1.000 to 1.400 while success fell from 90 to 60 %" in said


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(0.9, 1.0)],
        [row(0.9, 1.0), row(0.6, 0.9)],
        [row(0.9, 1.0), row(0.95, 1.4)],
        [row(0.9, 1.0), row(0.86, 1.4)],
        [row(0.9, 1.0, 50), row(0.6, 1.4)],
    ],
)
def test_it_is_silent_where_they_agree_or_too_little_is_known(rows: list[dict[str, Any]]) -> None:
    assert parted(rows, 100) == ""
