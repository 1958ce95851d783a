"""WayExpert: along the way that the task tells for each goal, as its manner takes curves.

A way ends in a stop; one that goes on far beyond the task's end is driven on. The tasks decide
where a car goes, and every task of that kind has this one driver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE, CarExpert
from vla_sim.agents.experts.kernel_settings import settings_of, settings_type
from vla_sim.agents.experts.pursuit import PursuitSettings, pursue, sane
from vla_sim.physics.compiled import entry
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class WayExpertConfig(PursuitSettings):
    """Settings of WayExpert."""

    lateral_share: float = 1.4
    """Sideways acceleration aimed at in curves, as a share of the manner's acceleration."""
    lateral_acceleration: float = 2.4
    lateral_limit: float = 4.0
    curvature_rate: float = 0.16
    lookahead_s: float = 0.5
    lookahead_min_m: float = 2.0
    arrived_m: float = 0.4

    def build(self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> "WayExpert":
        """The expert for one car."""
        return WayExpert(self, embodiment, manners)


WaySettings = settings_type("WaySettings", WayExpertConfig, __name__)


class WayExpert(CarExpert):
    """Pure pursuit of a told way, slowing down for its curves and its end."""

    reads = (*CAR_STATE, "way")
    goals_of = "way"

    def __init__(
        self,
        config: WayExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(embodiment, manners)
        sideways = np.minimum(config.lateral_share * self.limits[:, 1], config.lateral_acceleration)
        self._settings = [
            settings_of(WaySettings, replace(config, lateral_acceleration=float(most)))
            for most in sideways
        ]

    def fill(
        self, action: Floats, car: Floats, state: Mapping[str, Floats], goal: Ints, limits: Floats
    ) -> None:
        """See `CarExpert.fill`."""
        way = state["way"][np.arange(len(goal)), goal]
        for of_manner, settings in zip(self.limits, self._settings, strict=True):
            rows = np.flatnonzero((limits == of_manner).all(axis=1))
            _roll_out(rows, car, way, of_manner, settings, self.scale, self.gain, self.dt_s, action)


@entry
def _roll_out(
    rows: Ints,
    cars: Floats,
    way: Floats,
    limits: Floats,
    settings: Any,
    scale: Floats,
    gain: float,
    dt_s: float,
    action: Floats,
) -> None:
    """Fill `rows` of `action` (m, size, 2) for cars (m, 6) on ways (m, k, 2)."""
    nothing = np.empty((0, 3))
    for row in rows:
        car, n = sane(cars[row]), way.shape[1]
        pursue(car, way[row], n, nothing, 0.0, limits, settings, scale, gain, dt_s, action[row])
