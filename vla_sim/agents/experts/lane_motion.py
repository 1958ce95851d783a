"""Driving along a road: one motion for whatever is asked of a car between its edges.

Sideways, three equal poles pull the car to the offset from the centre line that is asked for: a
critically damped S-curve whose rate follows from the acceleration that the manner allows.
Lengthwise, the manner's speed is kept unless a bend, a vehicle ahead or a place to stop asks for
less. Where the gap in the lane that is asked for is too small, the car falls back in its own first.

A road is told by points (x, y, yaw, curvature) of its centre line, SPACING_M apart; one point is a
straight road. Offsets are positive to the left.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_motion import (
    SPEED_RATE,
    clip,
    filtered_command,
    moved,
    next_acceleration,
    stopping_speed,
    wrap,
)
from vla_sim.agents.experts.kernel_settings import settings_type
from vla_sim.assets.car import CENTRE_TO_REAR_M
from vla_sim.assets.winding_road import SPACING_M
from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]

STEP_PEAK = 0.371
"""Largest acceleration of the three-pole step response over rate^2 and the step's height."""
STEADY_M_S = 4.0
"""Slower than this the steering slows down with the car, until it rests with it [m/s]."""


@dataclass(frozen=True, kw_only=True)
class LaneMotionConfig:
    """Settings of the motion along a road."""

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
    gap_rate: float = 0.35
    """How fast an error of the gap is worked off [1/s]."""
    stop_rate: float = 1.4
    """The same for the way that is left to a stop [1/s]."""
    merge_gap_m: float = 2.0
    """A lane is entered only behind a vehicle that is this far ahead of the bumper [m]."""
    clear_m: float = 1.75
    """This near to the lane that is asked for, what drives in the old one is passed [m]."""
    braking_share: float = 0.85
    """Share of the manner's acceleration that planned braking uses."""
    bend_share: float = 0.75
    """Share of the manner's acceleration that bends may ask for."""
    preview_m: float = 30.0
    """Bends are slowed down for this far ahead."""


LaneSettings = settings_type("LaneSettings", LaneMotionConfig, __name__)


class LaneOrder(NamedTuple):
    """What is asked of m cars; every field has shape (m,). Places are along the road."""

    aim: Floats
    """Offset from the centre line to drive at [m]"""
    until: Floats
    """as far as this place [m; inf: all the way],"""
    until_speed: Floats
    """which moves on itself [m/s];"""
    then: Floats
    """and the offset from there on [m]."""
    lead: Floats
    """Rear end of the vehicle ahead in the lane aimed at [m; inf: none]."""
    lead_speed: Floats
    own_lead: Floats
    """The same in the lane where the car still drives."""
    own_lead_speed: Floats
    standstill_gap: Floats
    """Gap behind a vehicle that stands [m],"""
    time_gap: Floats
    """and what is added for each m/s of speed [s]."""
    stop: Floats
    """Where the front bumper has to stop [m; inf: nowhere],"""
    stop_for: Floats
    """and for how long from now [s; inf: for good]."""


def lane_order(aim: Floats, **wanted: Floats) -> LaneOrder:
    """An order to drive at `aim` (m,) along an empty road, but for what is `wanted`."""
    none, zero = np.full(len(aim), np.inf), np.zeros(len(aim))
    fields: dict[str, Floats] = {
        "aim": aim,
        "until": none,
        "until_speed": zero,
        "then": aim,
        "lead": none,
        "lead_speed": zero,
        "own_lead": none,
        "own_lead_speed": zero,
        "standstill_gap": zero,
        "time_gap": zero,
        "stop": none,
        "stop_for": none,
        **wanted,
    }
    return LaneOrder(**{name: np.ascontiguousarray(value) for name, value in fields.items()})


@entry
def _on_road(line: Floats, x: float, y: float) -> tuple[int, float, float, float, float]:
    """Nearest point of a centre line, place along it, offset from it, its yaw and curvature."""
    best, at = np.inf, 0
    for i in range(len(line)):
        square = (x - line[i, 0]) ** 2 + (y - line[i, 1]) ** 2
        if square < best:
            best, at = square, i
    dx, dy = x - line[at, 0], y - line[at, 1]
    cosine, sine = math.cos(line[at, 2]), math.sin(line[at, 2])
    beside = -dx * sine + dy * cosine
    bend = line[at, 3]
    ahead = (dx * cosine + dy * sine) / max(1.0 - bend * beside, 0.3)
    offset = beside - 0.5 * bend * ahead * ahead
    yaw = line[at, 2] + bend * ahead
    if 0 < at < len(line) - 1:
        bend += (line[at + 1, 3] - line[at - 1, 3]) * ahead / (2.0 * SPACING_M)
    return at, at * SPACING_M + ahead, offset, yaw, bend


@entry
def _bend_speed(
    line: Floats, at: int, aim: float, lateral: float, brake: float, onset: float, far: float
) -> tuple[float, float]:
    """Speed from which all bends within `far` can be slowed down for, and how fast it falls.

    Braking has an onset of so many metres.
    """
    square, falls = np.inf, 0.0
    for i in range(at, len(line)):
        ahead = (i - at) * SPACING_M
        if ahead > far:
            break
        bend = abs(line[i, 3]) / max(1.0 - line[i, 3] * aim, 0.3)
        way = max(ahead - onset, 0.0)
        allowed = lateral / max(bend, 1e-6) + 2.0 * brake * way
        if allowed < square:
            square, falls = allowed, brake if way > 0.0 else 0.0
    return math.sqrt(square), falls


@entry
def _approach(
    way: float, speed: float, other_speed: float, brake: float, jerk: float, rate: float
) -> tuple[float, float]:
    """Speed at which to approach what moves, and how fast that speed falls [m/s, m/s^2].

    Args: the way that is left [m], negative when too near; the rest in m, s.
    """
    if way == np.inf:
        return np.inf, 0.0
    closing = max(speed - other_speed, 0.0)
    # Braking has a jerk-limited onset.
    way = max(way - 0.5 * closing * brake / jerk, min(0.5 * way, way))
    if way <= 0.0:
        return max(other_speed + rate * way, 0.0), 0.0
    most = stopping_speed(way, brake, rate)
    slope = (stopping_speed(way + 0.05, brake, rate) - most) / 0.05
    return other_speed + most, min(slope * closing, brake)


@entry
def drive(
    car: Floats,
    line: Floats,
    order: Any,
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
        cruise, accel_limit, jerk = limits[row]
        brake = settings.braking_share * accel_limit
        for k in range(action.shape[1]):
            passed_s = k * dt_s
            # Where on the road: of the rear axle, whose path is steered, and of the middle.
            at, place, rear_offset, road_yaw, bend = _on_road(
                line[row], x - to_rear * math.cos(yaw), y - to_rear * math.sin(yaw)
            )
            turn = wrap(yaw - road_yaw)
            cosine, sine = math.cos(turn), math.sin(turn)
            place += to_rear * cosine
            offset = rear_offset + to_rear * sine
            aim = order.aim[row]
            if place > order.until[row] + order.until_speed[row] * passed_s:
                aim = order.then[row]
            # Lengthwise.
            wanted_gap = order.standstill_gap[row] + order.time_gap[row] * speed
            bumper = place + settings.length_m
            gap = order.lead[row] + order.lead_speed[row] * passed_s - bumper
            top, falls = _bend_speed(
                line[row],
                at,
                aim,
                settings.bend_share * accel_limit,
                brake,
                0.5 * speed * brake / jerk,
                settings.preview_m,
            )
            if top > cruise:
                top, falls = cruise, 0.0
            to_lead, lead_falls = _approach(
                gap - wanted_gap, speed, order.lead_speed[row], brake, jerk, settings.gap_rate
            )
            if to_lead < top:
                top, falls = to_lead, lead_falls
            here = aim + lane_width * math.floor((offset - aim) / lane_width + 0.5)
            if aim == order.aim[row] and abs(offset - aim) > settings.clear_m:
                own_gap = order.own_lead[row] + order.own_lead_speed[row] * passed_s - bumper
                to_own, own_falls = _approach(
                    own_gap - wanted_gap,
                    speed,
                    order.own_lead_speed[row],
                    brake,
                    jerk,
                    settings.gap_rate,
                )
                if to_own < top:
                    top, falls = to_own, own_falls
            if passed_s < order.stop_for[row]:
                to_stop, stop_falls = _approach(
                    order.stop[row] - bumper, speed, 0.0, brake, jerk, settings.stop_rate
                )
                if to_stop < top:
                    top, falls = to_stop, stop_falls
            accel_next = next_acceleration(
                SPEED_RATE * (top - speed) - falls, accel, accel_limit, jerk, dt_s
            )
            # Sideways.
            if gap < settings.merge_gap_m and here != aim:
                aim = here
            rate = clip(
                math.sqrt(accel_limit / (STEP_PEAK * lane_width)),
                settings.rate_min,
                settings.rate_max,
            ) * min(speed / STEADY_M_S, 1.0)
            error = clip(aim - rear_offset, -lane_width, lane_width)
            v = max(speed, 2.0)
            narrow = v * v * cosine * cosine / max(1.0 - bend * rear_offset, 0.3)
            v_y, a_y = speed * sine, v * v * curve * cosine - narrow * bend
            jerk_wanted = rate * (rate * (rate * error - 3.0 * v_y) - 3.0 * a_y)
            jerk_y = settings.lateral_jerk
            a_next = a_y + clip(jerk_wanted, -jerk_y, jerk_y) * dt_s
            if abs(turn) > settings.yaw_limit:  # a strange state: first of all back along the road
                a_next = -math.copysign(2.0, turn)
            bend_next = bend
            if 0 < at < len(line[row]) - 1:
                slope = (line[row, at + 1, 3] - line[row, at - 1, 3]) / (2.0 * SPACING_M)
                bend_next += slope * speed * dt_s
            curve_next = (a_next + narrow * bend_next) / (v * v * max(cosine, 0.3))
            curve_next = clip(curve_next, -settings.curvature_limit, settings.curvature_limit)
            action[row, k, 0], accel = filtered_command(accel_next, accel, gain, scale[0])
            action[row, k, 1], curve = filtered_command(curve_next, curve, gain, scale[1])
            x, y, yaw, speed = moved(x, y, yaw, speed, accel, curve, to_rear, dt_s)
