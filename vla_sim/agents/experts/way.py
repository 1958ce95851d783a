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
from vla_sim.agents.experts.car_motion import filtered_command, moved, wrap
from vla_sim.agents.experts.kernel_settings import settings_of, settings_type
from vla_sim.agents.experts.pursuit import steer
from vla_sim.assets.car import CENTRE_TO_REAR_M
from vla_sim.physics.compiled import entry
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class WayExpertConfig:
    """Settings of WayExpert."""

    to_rear_m: float = CENTRE_TO_REAR_M
    """From the car's controlled point back to the rear axle, whose path is steered [m]."""
    lateral_share: float = 1.4
    """Sideways acceleration aimed at in curves, as a share of the manner's acceleration,"""
    lateral_acceleration: float = 2.4
    """and at most [m/s^2]."""
    lateral_limit: float = 4.0
    """Never steered for more than this [m/s^2]."""
    curvature_rate: float = 0.16
    """[1/(m s)]"""
    curvature_limit: float = 0.195
    """[1/m]"""
    lookahead_s: float = 0.5
    """Pure pursuit looks this far ahead."""
    lookahead_min_m: float = 2.0
    preview_s: float = 2.0
    """Curves are slowed down for this far ahead."""
    braking_share: float = 0.85
    """Share of the manner's acceleration that a planned stop uses."""
    arrived_m: float = 0.4
    """Closer than this to the way's end the wheels are held straight."""

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
        car = cars[row].copy()
        car[2], car[3] = wrap(car[2]), max(car[3], 0.0)
        for k in range(action.shape[1]):
            accel, curve = steer(car, way[row], way.shape[1], nothing, 0.0, limits, settings, dt_s)
            action[row, k, 0], car[4] = filtered_command(accel, car[4], gain, scale[0])
            action[row, k, 1], car[5] = filtered_command(curve, car[5], gain, scale[1])
            car[0], car[1], car[2], car[3] = moved(
                car[0], car[1], car[2], car[3], car[4], car[5], settings.to_rear_m, dt_s
            )
