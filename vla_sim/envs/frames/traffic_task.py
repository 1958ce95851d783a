"""What every task among other vehicles on a straight road shares: the vehicles and the start."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.ground_props import VEHICLE_KINDS, add_road_user
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.road_task import RoadTask, RoadTaskConfig
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.envs.scenery.traffic import Traffic
from vla_sim.protocols.engine import Engine
from vla_sim.records.instruction import Referent
from vla_sim.records.manner import Manner, MannerProfile
from vla_sim.records.spread import Spread
from vla_sim.records.things import Things

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TrafficTaskConfig(RoadTaskConfig):
    """Settings that every task among other vehicles has."""

    start_y_m: tuple[float, float] = (-0.2, 0.2)
    """Where the car starts, off the middle of its lane,"""
    start_speed_mps: tuple[float, float]
    """and how fast."""


class TrafficTask(RoadTask):
    """A straight road with k other vehicles."""

    vehicles: tuple[str, ...]
    """Names of their bodies."""
    vehicle_y: Floats
    """Middles of their lanes [m], shape (k,)."""

    def __init__(self, config: TrafficTaskConfig, manners: Mapping[Manner, MannerProfile]) -> None:
        super().__init__(config, manners)
        self._start = config

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The vehicles."""
        for name in self.vehicles:
            add_road_user(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find the vehicles in the compiled engine."""
        super().bind(engine)
        self.traffic = Traffic(engine, self.vehicles)

    def draw_vehicles(self, rng: np.random.Generator) -> list[Referent]:
        """Colours, all different, and kinds of the vehicles."""
        k = len(self.vehicles)
        colours = pick_colours(rng, COLOURS, k)
        kinds = [str(kind) for kind in rng.choice(list(VEHICLE_KINDS), k)]
        return [
            Referent(colour=colour, shape=kind) for colour, kind in zip(colours, kinds, strict=True)
        ]

    def draw_start(self, rng: np.random.Generator, spread: Spread) -> tuple[float, float]:
        """How far off the middle of its lane the car starts [m], and how fast [m/s]."""
        ranges = np.transpose([self._start.start_y_m, self._start.start_speed_mps])
        near, far = widened(ranges[0], ranges[1], spread.start)
        y, speed = rng.uniform(near, far)
        return y, speed

    @abstractmethod
    def goal_vehicle(self, goal: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the vehicle that each goal is about."""

    def things(self, goal: NDArray[np.int64]) -> Things:
        """The vehicles."""
        concerned = np.arange(len(self.vehicles)) == self.goal_vehicle(goal)[:, None]
        return Things.still(self.traffic.position, concerned, drives=True)

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The vehicles."""
        return self.geoms_of(self.vehicles)
