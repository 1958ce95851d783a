"""DriveToGoal: around the obstacles, onto the pad, and stop.

Where something stands in the way, a few ways around it are predicted with the very controller that
would drive them, and the cheapest is taken: pure pursuit and a jerk-limited speed plan, rolled out
on a kinematic bicycle. All of it is a function of the state alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CAR_STATE, CarExpert
from vla_sim.agents.experts.car_motion import moved
from vla_sim.agents.experts.detour import N_CORNERS, first_hit, shortest_way, wall_beside
from vla_sim.agents.experts.kernel_settings import settings_of, settings_type
from vla_sim.agents.experts.pursuit import PursuitSettings, pursue, sane, steer
from vla_sim.physics.compiled import entry
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PREDICTED_STEPS = 30
PREDICTED_DT_S = 0.3
SAFE_M = 1.7
"""Predicted ways come no nearer to a rim than this with the car's centre and front, or pay [m]:"""
CLOSE_COST = 10.0
"""seconds for each metre and predicted step."""
FRONT_M = 1.3
"""How far ahead of the car's centre the middle of its front half's circle lies [m]."""


@dataclass(frozen=True, kw_only=True)
class DriveToGoalExpertConfig(PursuitSettings):
    """Settings of DriveToGoalExpert."""

    margin_m: float = 2.2
    """The car's centre keeps this far from an obstacle's rim: half its width and room to spare."""
    wide_margin_m: float = 3.4
    """The same for ways that leave the car more room to turn."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "DriveToGoalExpert":
        """The expert for one car."""
        return DriveToGoalExpert(self, embodiment, manners)


DriveSettings = settings_type("DriveSettings", DriveToGoalExpertConfig, __name__)


class DriveToGoalExpert(CarExpert):
    """Model-predictive choice of a way, pure pursuit along it."""

    reads = (*CAR_STATE, "goal_pos", "obstacle")
    goals_of = "goal_pos"

    def __init__(
        self,
        config: DriveToGoalExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(embodiment, manners)
        self._settings = settings_of(DriveSettings, config)

    def fill(
        self, action: Floats, car: Floats, state: Mapping[str, Floats], goal: Ints, limits: Floats
    ) -> None:
        """Around the obstacles to each row's pad."""
        _roll_out(
            car,
            state["goal_pos"][np.arange(len(goal)), goal],
            state["obstacle"],
            limits,
            self._settings,
            self.scale,
            self.gain,
            self.dt_s,
            action,
        )


@entry
def _kept_clear(x: float, y: float, goal: Floats, obstacle: Floats, margin: float) -> Floats:
    """Obstacles blown up by the margin, but never over the car or the goal."""
    circles = np.empty_like(obstacle)
    for k in range(len(obstacle)):
        ox, oy = obstacle[k, 0], obstacle[k, 1]
        to_car = math.sqrt((x - ox) ** 2 + (y - oy) ** 2)
        to_goal = math.sqrt((goal[0] - ox) ** 2 + (goal[1] - oy) ** 2)
        radius = min(obstacle[k, 2] + margin, 0.98 * to_car, 0.98 * to_goal)
        circles[k, 0], circles[k, 1], circles[k, 2] = ox, oy, max(radius, 0.0)
    return circles


@entry
def _price(
    start: Floats,
    way: Floats,
    n: int,
    obstacle: Floats,
    margin: float,
    limits: Floats,
    settings: Any,
    bound: float,
) -> float:
    """Seconds that driving a way takes, and more for coming near obstacles or missing the goal.

    Stops early once the price exceeds `bound`.
    """
    car = start.copy()
    goal_x, goal_y = way[n - 1]
    price = 0.0
    for _ in range(PREDICTED_STEPS):
        accel, curve = steer(car, way, n, obstacle, margin, limits, settings, PREDICTED_DT_S)
        car[4], car[5] = accel, curve
        car[0], car[1], car[2], car[3] = moved(
            car[0], car[1], car[2], car[3], accel, curve, settings.to_rear_m, PREDICTED_DT_S
        )
        price += PREDICTED_DT_S
        front_x = car[0] + FRONT_M * math.cos(car[2])
        front_y = car[1] + FRONT_M * math.sin(car[2])
        for o in range(len(obstacle)):
            off = math.sqrt((car[0] - obstacle[o, 0]) ** 2 + (car[1] - obstacle[o, 1]) ** 2)
            front = math.sqrt((front_x - obstacle[o, 0]) ** 2 + (front_y - obstacle[o, 1]) ** 2)
            price += CLOSE_COST * max(obstacle[o, 2] + SAFE_M - min(off, front), 0.0)
        distance = math.sqrt((goal_x - car[0]) ** 2 + (goal_y - car[1]) ** 2)
        if distance < 1.2 or price > bound:
            return price
    return price + 2.0 * distance


@entry
def _plan(
    car: Floats,
    goal: Floats,
    obstacle: Floats,
    limits: Floats,
    settings: Any,
    way: Floats,
) -> tuple[int, float]:
    """The cheapest of a few ways: corners, written into `way`, and the margin they keep."""
    x, y, yaw = car[0], car[1], car[2]
    way[0, 0], way[0, 1] = x, y
    way[1, 0], way[1, 1] = goal[0], goal[1]
    circles = _kept_clear(x, y, goal, obstacle, settings.margin_m)
    hit = first_hit(x, y, goal[0], goal[1], circles)
    if hit < 0:
        return 2, settings.margin_m
    best, n_best, best_margin, best_side = np.inf, 2, settings.margin_m, 1.0
    trial = np.empty_like(way)
    dx, dy = goal[0] - x, goal[1] - y
    # The side on which the obstacle's centre does not lie is the likelier one: it bounds the rest.
    likely = math.copysign(1.0, dx * (obstacle[hit, 1] - y) - dy * (obstacle[hit, 0] - x))
    for t in range(3):
        side = likely if t == 0 else (-likely if t == 1 else best_side)
        margin = settings.margin_m if t < 2 else settings.wide_margin_m
        if t == 2:
            circles = _kept_clear(x, y, goal, obstacle, margin)
        wall = wall_beside(obstacle[hit], dx, dy, side)
        n = shortest_way(x, y, yaw, goal[0], goal[1], circles, wall, trial)
        if n == 0:
            continue
        price = _price(car, trial, n, obstacle, margin, limits, settings, best)
        if price < best:
            best, n_best, best_margin, best_side = price, n, margin, side
            for i in range(n):  # a slice would take seconds to compile
                way[i, 0], way[i, 1] = trial[i, 0], trial[i, 1]
    return n_best, best_margin


@entry
def _roll_out(
    cars: Floats,
    goal: Floats,
    obstacle: Floats,
    limits: Floats,
    settings: Any,
    scale: Floats,
    gain: float,
    dt_s: float,
    action: Floats,
) -> None:
    """Fill `action` (m, size, 2) for cars (m, 6): x, y, yaw, speed, acceleration, curvature."""
    way = np.empty((obstacle.shape[1] * N_CORNERS + 2, 2))
    for row in range(len(cars)):
        car = sane(cars[row])
        n, margin = _plan(car, goal[row], obstacle[row], limits[row], settings, way)
        pursue(
            car,
            way,
            n,
            obstacle[row],
            margin,
            limits[row],
            settings,
            scale,
            gain,
            dt_s,
            action[row],
        )
