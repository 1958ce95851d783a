"""A metric that comes out otherwise is another metric: the version says so, and protocols with it.

Whoever changes a number here on purpose raises `METRICS_VERSION` and writes the new numbers down.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.eval.body import Body
from vla_sim.eval.metrics.table import METRICS, METRICS_VERSION
from vla_sim.records.episode import Episode

Make = Callable[..., Episode]
Reach = Callable[[float, int], NDArray[np.float64]]
NAN = math.nan
VERSION = 1
VALUES: dict[str, tuple[float, float]] = {
    "success_once": (1, 0),
    "success_at_end": (1, 0),
    "success_held": (1, 0),
    "graded_progress": (1, NAN),
    "manner_kept": (1, 0),
    "comfortable": (1, 0),
    "comfort_peak": (0.387212, 3.2193),
    "comfort_rms": (0.280845, 2.23612),
    "within_limits": (1, 1),
    "diverged": (0, 0),
    "instructions_completed": (1, 1),
    "spl": (0.766099, 0),
    "time_s": (1.5, 1.2),
    "time_over_optimal": (5.9278, NAN),
    "typical_speed": (0.230858, 0.412299),
    "speed_adherence": (0.758621, 0.666667),
    "overtake_order": (NAN, NAN),
    "rms_jerk": (2.18136, 44.7223),
    "peak_jerk": (4.44641, 64.3859),
    "log_dimensionless_jerk": (6.28246, 10.0165),
    "collision_delta_v": (0.109801, NAN),
    "stale_steps_fraction": (0, 0),
}
"""Of a smooth curved reach that touches something, and of a slow one that shakes and fails."""


def test_every_metric_is_pinned_under_this_version() -> None:
    assert METRICS_VERSION == VERSION
    assert VALUES.keys() == METRICS.keys()


@pytest.mark.parametrize("name", VALUES)
def test_a_metric_is_what_it_was(name: str, episode: Make, body: Body, reach: Reach) -> None:
    touched = np.zeros(30, dtype=np.bool_)
    touched[4:7] = True
    curved = episode(
        reach(0.3, 30),
        y_m=reach(0.1, 30) * np.linspace(0.0, 1.0, 31),
        violations={"collision": touched},
    )
    steps = np.r_[0.0, 0.02 + 0.01 * np.sin(np.arange(24.0))]
    shaken = episode(np.cumsum(steps), success=False, manner="slowly")
    found = [METRICS[name].of(one, body) for one in (curved, shaken)]
    assert found == pytest.approx(VALUES[name], rel=1e-5, nan_ok=True)
