"""ChangeLane: into the named lane and along it, behind whoever drives there.

Sideways, three equal poles pull the car to the lane's centre: a critically damped S-curve whose
rate follows from the acceleration that the manner allows. Lengthwise, the cruise speed is kept
unless a vehicle ahead asks for less. Where the gap in the named lane is too small, the car falls
back in its own lane first.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_motion import (
    SPEED_RATE,
    clip,
    filtered_command,
    moved,
    next_acceleration,
    wrap,
)
from vla_sim.agents.experts.kernel_settings import settings_of, settings_type
from vla_sim.agents.experts.privileged_rows import checked_rows, manner_limits
from vla_sim.assets.car import CENTRE_TO_REAR_M
from vla_sim.physics.filters import low_pass_gain
from vla_sim.physics.render.compiled import entry
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEADS = ("lead_x", "lead_speed", "own_lead_x", "own_lead_speed")
STEP_PEAK = 0.371
"""Largest acceleration of the three-pole step response over rate^2 and the step's height."""


@dataclass(frozen=True, kw_only=True)
class ChangeLaneExpertConfig:
    """Settings of ChangeLaneExpert."""

    lane_width_m: float = 3.5
    to_rear_m: float = CENTRE_TO_REAR_M
    """From the car's controlled point back to the rear axle, whose path is steered [m]."""
    rate_min: float = 0.9
    """Slowest poles of the lateral motion [1/s]: the change must end within the horizon."""
    rate_max: float = 1.5
    """Fastest poles [1/s]: nuPlan's bound on yaw acceleration, with room to spare."""
    lateral_jerk: float = 3.0
    """[m/s^3]"""
    yaw_limit: float = 0.35
    """Heading away from the road that is never exceeded on purpose [rad]."""
    curvature_limit: float = 0.19
    """[1/m]"""
    length_m: float = 2.2
    """From the car's centre to its front bumper [m]; leads are told by their rear ends."""
    standstill_gap_m: float = 2.0
    time_gap_s: float = 0.6
    gap_rate: float = 0.35
    """How fast an error of the gap is worked off [1/s]."""
    merge_gap_m: float = 2.0
    """The named lane is entered only behind a vehicle that is this far ahead of the bumper [m]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "ChangeLaneExpert":
        """The expert for one car."""
        return ChangeLaneExpert(self, embodiment, manners)


ChangeLaneSettings = settings_type("ChangeLaneSettings", ChangeLaneExpertConfig, __name__)


class ChangeLaneExpert:
    """Critically damped lane change with gap keeping."""

    reads = ("pose", "speed", "accel", "curvature", "goal_lane_y", *_LEADS)

    def __init__(
        self,
        config: ChangeLaneExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self._settings = settings_of(ChangeLaneSettings, config)
        self._dt_s = embodiment.control_dt_s
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._limits = manner_limits(manners)

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(
            privileged,
            self.reads,
            goal,
            manner,
            size,
            goals_of="goal_lane_y",
            may_be_infinite=_LEADS,
        )
        row = np.arange(len(goal))
        car = np.column_stack([state["pose"], state["speed"], state["accel"], state["curvature"]])
        traffic = np.column_stack(
            [
                state["goal_lane_y"][row, goal],
                state["lead_x"][row, goal],
                state["lead_speed"][row, goal],
                state["own_lead_x"],
                state["own_lead_speed"],
            ]
        )
        action = np.empty((len(goal), size, 2))
        _roll_out(
            car,
            traffic,
            self._limits[manner],
            self._settings,
            self._scale,
            self._gain,
            self._dt_s,
            action,
        )
        return action.astype(np.float32)


@entry
def _gap_speed(
    gap: float, lead_speed: float, speed: float, wanted_gap: float, rate: float
) -> float:
    """Speed that brings a gap towards the wanted one [m/s]."""
    if gap == np.inf:
        return np.inf
    return max(lead_speed + rate * (gap - wanted_gap), 0.0)


@entry
def _roll_out(
    car: Floats,
    traffic: Floats,
    limits: Floats,
    settings: Any,
    scale: Floats,
    gain: float,
    dt_s: float,
    action: Floats,
) -> None:
    """Fill `action` (m, size, 2) for cars (m, 6): x, y, yaw, speed, acceleration, curvature."""
    lane_width, to_rear = settings.lane_width_m, settings.to_rear_m
    for row in range(len(car)):
        x, y, yaw, speed, accel, curve = car[row]
        yaw = wrap(yaw)
        speed = max(speed, 0.0)
        lane_y, lead_x, lead_speed, own_x, own_speed = traffic[row]
        cruise, accel_limit, jerk = limits[row]
        rate = clip(
            math.sqrt(accel_limit / (STEP_PEAK * lane_width)), settings.rate_min, settings.rate_max
        )
        for k in range(action.shape[1]):
            # Lengthwise.
            wanted_gap = settings.standstill_gap_m + settings.time_gap_s * speed
            gap, own_gap = lead_x - x - settings.length_m, own_x - x - settings.length_m
            top = min(cruise, _gap_speed(gap, lead_speed, speed, wanted_gap, settings.gap_rate))
            here = lane_y + lane_width * math.floor((y - lane_y) / lane_width + 0.5)
            if here != lane_y:
                top = min(top, _gap_speed(own_gap, own_speed, speed, wanted_gap, settings.gap_rate))
            accel_next = next_acceleration(
                SPEED_RATE * (top - speed), accel, accel_limit, jerk, dt_s
            )
            # Sideways.
            aim = lane_y
            if gap < settings.merge_gap_m and here != lane_y:
                aim = here
            error = clip(aim - (y - to_rear * math.sin(yaw)), -lane_width, lane_width)
            v = max(speed, 2.0)
            v_y, a_y = speed * math.sin(yaw), v * v * curve * math.cos(yaw)
            jerk_wanted = rate * (rate * (rate * error - 3.0 * v_y) - 3.0 * a_y)
            jerk_y = settings.lateral_jerk
            a_next = a_y + clip(jerk_wanted, -jerk_y, jerk_y) * dt_s
            if abs(yaw) > settings.yaw_limit:  # a strange state: first of all back along the road
                a_next = -math.copysign(2.0, yaw)
            curve_next = a_next / (v * v * max(math.cos(yaw), 0.3))
            curve_next = clip(curve_next, -settings.curvature_limit, settings.curvature_limit)
            action[row, k, 0], accel = filtered_command(accel_next, accel, gain, scale[0])
            action[row, k, 1], curve = filtered_command(curve_next, curve, gain, scale[1])
            x, y, yaw, speed = moved(x, y, yaw, speed, accel, curve, to_rear, dt_s)
            lead_x += lead_speed * dt_s
            own_x += own_speed * dt_s
