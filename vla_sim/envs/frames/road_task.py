"""What every task on a straight road shares: lanes, edges, and where the car's ends are."""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import lane_centre_y, road
from vla_sim.assets.car import LENGTH_M
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]

CHASE_CAMERA = CameraSpec(
    name="chase",
    position=(-9.0, 0.0, 9.0),
    target=(9.0, 0.0, 0.0),
    fov_y_deg=50.0,
    follow_body="car/chassis",
    follow_axes="x",
)
_GOES_ON_M = 1000.0
EDGE_MARGIN_M = 0.8
"""The car's middle may come this near to the road's edge [m]."""


@dataclass(frozen=True, kw_only=True)
class RoadTaskConfig(CarTaskConfig):
    """Settings that every task on a straight road has."""

    n_lanes: int = 3
    lane_width_m: float = 3.5
    road_m: float = 240.0
    """Length of the road; the car never reaches its end."""
    start_x_m: float = 24.0


class RoadTask(CarTask):
    """A straight road along x."""

    to_front_m = 0.5 * LENGTH_M
    """From the car's controlled point to either bumper."""

    def __init__(self, config: RoadTaskConfig, manners: Mapping[Manner, MannerProfile]) -> None:
        super().__init__(config, manners)
        self._road = config
        self.road_width_m = config.n_lanes * config.lane_width_m
        self.lane_y = np.array(
            [lane_centre_y(k, config.n_lanes, config.lane_width_m) for k in range(config.n_lanes)]
        )
        """Middles of the lanes [m], the rightmost first."""

    def arena(self) -> mujoco.MjSpec:
        """The road and its lanes."""
        c = self._road
        return road(n_lanes=c.n_lanes, lane_width_m=c.lane_width_m, length_m=c.road_m)

    def ground(self) -> Floats:
        """(n, 1, 6) the road, which goes on at both ends."""
        half = 0.5 * self.road_width_m - EDGE_MARGIN_M
        strip = np.array([-_GOES_ON_M, 0.0, self._road.road_m + _GOES_ON_M, 0.0, half, 0.0])
        return np.tile(strip, (self.engine.n, 1, 1))

    def off_road(self) -> NDArray[np.bool_]:
        """(n,) True where the car has left the road."""
        beyond: NDArray[np.bool_] = (
            np.abs(self.robot.motion.point[:, 1]) > 0.5 * self.road_width_m - EDGE_MARGIN_M
        )
        return beyond

    def nearest_lane_y(self) -> Floats:
        """(n,) the middle of the lane that the car is in [m]."""
        y = self.robot.motion.point[:, 1]
        middle: Floats = self.lane_y[np.argmin(np.abs(y[:, None] - self.lane_y), axis=1)]
        return middle

    def front_x(self) -> Floats:
        """(n,) where the front bumper is along the road [m]."""
        front: Floats = self.robot.motion.point[:, 0] + self.to_front_m
        return front

    def rear_x(self) -> Floats:
        """(n,) where the rear bumper is along the road [m]."""
        rear: Floats = self.robot.motion.point[:, 0] - self.to_front_m
        return rear
