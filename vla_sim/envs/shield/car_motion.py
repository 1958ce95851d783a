"""How a car moves by its own model, and how much room is left while it brakes to a stop.

The model is the commanded one: filter, steering and wheels of `robots.car`, tyres that slip some.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import kernel

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

X, Y, YAW, SPEED, ACCELERATION, CURVATURE = range(6)
"""The state's entries [m, m, rad, m/s, m/s^2, 1/m]; the last two are the filtered commands."""
ALPHA, DT, WHEELBASE, STEER_SPEED, TO_REAR, HALF_LENGTH, HALF_WIDTH, BRAKE, GRIP, TURN, SCALE = (
    range(11)
)
"""The car's numbers: gain of the filter, control period [s], wheelbase [m], speed of steering
[rad/s], from the controlled point to the rear axle [m], half sides [m], full braking [m/s^2],
sideways acceleration that is used [m/s^2], its change in a step [m/s^2], largest curvature
[1/m]."""
FARTHEST = 1e3
"""Room where nothing is [m]."""
_ENOUGH_M = 3.0
"""More room than this is not measured: no margin is wider."""
_STANDS_M_S = 0.05
LEADER_BRAKE_M_S2 = 2.0
"""Who drives the car's way may brake like this, or go on as it moves; all else goes on."""
_GRIP_OF_BRAKES = 0.2
"""Of the grip sideways, what full braking takes away: the inner rear wheel is the lightest, and a
wheel that slips under its torque turns the car."""
_SAME_WAY = 0.7
"""Cosine between its way and the car's heading."""
_UNDERSTEER_S2_M2 = 1.2e-3
"""By how much less a car turns than its wheels stand, times the square of its speed: twice what was
measured while it brakes fully in a bend, 2.8 of 3.4 m/s^2 at 19 m/s."""
_MOST_STEPS = 200


class Around(NamedTuple):
    """What a car has to stop within, and the numbers that say how it stops.

    Attributes:
        strips: Ground, see `CarTask.ground`, (m, 6).
        things: Footprints, (k, N_COLUMNS).
        velocity: Theirs, (k, 2).
        near_strips: Which strips are within reach; the first `n_strips` count.
        n_strips: See there.
        near_things: Which things are; the first `n_things` count.
        n_things: See there.
        needed: Room that is kept to the ground's edge and to things [m], (2,).
        car: The car's numbers.
    """

    strips: Floats
    things: Floats
    velocity: Floats
    near_strips: Ids
    n_strips: int
    near_things: Ids
    n_things: int
    needed: Floats
    car: Floats


@kernel
def step_car(s: Floats, acceleration: float, curvature: float, car: Floats) -> None:
    """Advance the state `s` (6,) by one control step under a command."""
    s[ACCELERATION] += car[ALPHA] * (acceleration - s[ACCELERATION])
    s[ACCELERATION] = max(s[ACCELERATION], -s[SPEED] / car[DT])
    turn = car[STEER_SPEED] * car[DT]
    before = np.arctan(car[WHEELBASE] * s[CURVATURE])
    after = np.arctan(car[WHEELBASE] * (s[CURVATURE] + car[ALPHA] * (curvature - s[CURVATURE])))
    after = min(max(after, before - turn), before + turn)
    s[CURVATURE] = np.tan(after) / car[WHEELBASE]
    middle = np.tan(0.5 * (before + after)) / car[WHEELBASE]
    speed = s[SPEED] + 0.5 * s[ACCELERATION] * car[DT]
    yaw_rate = middle * speed / (1.0 + _UNDERSTEER_S2_M2 * speed * speed)
    yaw = s[YAW] + 0.5 * yaw_rate * car[DT]
    c, sn = np.cos(yaw), np.sin(yaw)
    s[X] += (speed * c - car[TO_REAR] * yaw_rate * sn) * car[DT]
    s[Y] += (speed * sn + car[TO_REAR] * yaw_rate * c) * car[DT]
    s[YAW] += yaw_rate * car[DT]
    s[SPEED] += s[ACCELERATION] * car[DT]


@kernel
def held_curvature(s: Floats, acceleration: float, curvature: float, car: Floats) -> float:
    """The command of curvature, as near as the tyres allow [1/m].

    Sideways, neither acceleration nor its change in a step may pass what is used of the grip.
    """
    change = _next_acceleration(s, acceleration, car)
    after = max(s[SPEED] + car[DT] * change, 1e-3)
    square = after * after
    grip = car[GRIP] * (1.0 - _GRIP_OF_BRAKES * min(max(-change / car[BRAKE], 0.0), 1.0))
    most = min(grip / square, car[SCALE])
    now = s[CURVATURE] * s[SPEED] * s[SPEED]
    low, high = max(-most, (now - car[TURN]) / square), min(most, (now + car[TURN]) / square)
    if low > high:  # already beyond: back towards straight, as fast as may be
        low = high = low if now > 0.0 else high
    wanted = s[CURVATURE] + car[ALPHA] * (curvature - s[CURVATURE])
    wanted = min(max(wanted, low), high)
    wanted = s[CURVATURE] + (wanted - s[CURVATURE]) / car[ALPHA]
    most = car[SCALE]
    return float(min(max(wanted, -most), most))


@kernel
def _next_acceleration(s: Floats, acceleration: float, car: Floats) -> float:
    after = s[ACCELERATION] + car[ALPHA] * (acceleration - s[ACCELERATION])
    return float(max(after, -s[SPEED] / car[DT]))


@kernel
def room_on_ground(s: Floats, around: Around) -> float:
    """From the car's middle to the edge of the ground that may be driven on [m]; below 0 beyond."""
    best = -FARTHEST
    for place in range(around.n_strips):
        strip = around.strips[around.near_strips[place]]
        ax, ay = strip[2] - strip[0], strip[3] - strip[1]
        length = max(np.sqrt(ax * ax + ay * ay), 1e-9)
        ax, ay = ax / length, ay / length
        px, py = s[X] - strip[0], s[Y] - strip[1]
        along, aside = px * ax + py * ay, abs(py * ax - px * ay)
        if strip[5] > 0.0:
            room = min(strip[4] - aside, along, length - along)
        else:
            over = max(-along, along - length, 0.0)
            room = strip[4] - np.sqrt(aside * aside + over * over)
        best = max(best, room)
        if best > _ENOUGH_M:
            break
    return best


@kernel
def room_to_things(s: Floats, later_s: float, around: Around) -> float:
    """From the car's outline to the nearest thing, `later_s` from now [m]; at most the truth."""
    best = FARTHEST
    c, sn = np.cos(s[YAW]), np.sin(s[YAW])
    for place in range(around.n_things):
        k = around.near_things[place]
        thing, vx, vy = around.things[k], around.velocity[k, 0], around.velocity[k, 1]
        room = _room_to_thing(s, thing, later_s * vx, later_s * vy, around.car)
        speed = np.sqrt(vx * vx + vy * vy)
        if speed > 0.0 and c * vx + sn * vy > _SAME_WAY * speed:
            # It may brake: so much of its way is left by then.
            braked_s = min(later_s, speed / LEADER_BRAKE_M_S2)
            for_s = braked_s - 0.5 * LEADER_BRAKE_M_S2 * braked_s * braked_s / speed
            room = min(room, _room_to_thing(s, thing, for_s * vx, for_s * vy, around.car))
        best = min(best, room)
    return best


@kernel
def _room_to_thing(s: Floats, thing: Floats, moved_x: float, moved_y: float, car: Floats) -> float:
    """From the car's outline to a thing that has moved by so much [m]."""
    c, sn = np.cos(s[YAW]), np.sin(s[YAW])
    dx, dy = thing[0] + moved_x - s[X], thing[1] + moved_y - s[Y]
    # The thing's half sides, seen along the car's axes.
    cosine, sine = abs(c * thing[2] + sn * thing[3]), abs(c * thing[3] - sn * thing[2])
    ahead = abs(dx * c + dy * sn) - car[HALF_LENGTH] - thing[4] * cosine - thing[5] * sine
    aside = abs(dy * c - dx * sn) - car[HALF_WIDTH] - thing[4] * sine - thing[5] * cosine
    if ahead > 0.0 and aside > 0.0:
        room = np.sqrt(ahead * ahead + aside * aside)
    else:
        room = max(ahead, aside)
    if thing[4] > 0.0:
        # And the car's, along the thing's.
        along = abs(dx * thing[2] + dy * thing[3]) - thing[4]
        across = abs(dy * thing[2] - dx * thing[3]) - thing[5]
        along -= car[HALF_LENGTH] * cosine + car[HALF_WIDTH] * sine
        across -= car[HALF_LENGTH] * sine + car[HALF_WIDTH] * cosine
        room = max(room, along, across)
    return float(room - thing[6])


@kernel
def slack_to_stop(
    start: Floats,
    acceleration: float,
    curvature: float,
    then: float,
    around: Around,
    to_the_end: bool,
    s: Floats,
) -> float:
    """Least room beyond the needed one, if the car does this now and then brakes to a stop [m].

    Args:
        start: State now, (6,).
        acceleration: Command of this step [m/s^2].
        curvature: The same [1/m].
        then: Curvature that is steered for while braking [1/m].
        around: What it has to stop within.
        to_the_end: Go on where the room has run out, to know how much is missing.
        s: Room to work in, (6,).
    """
    car = around.car
    s[:] = start
    least, t = FARTHEST, 0.0
    for k in range(_MOST_STEPS):
        if k == 0:
            step_car(s, acceleration, curvature, car)
        else:
            step_car(s, -car[BRAKE], held_curvature(s, -car[BRAKE], then, car), car)
        t += car[DT]
        ground = room_on_ground(s, around) - around.needed[0]
        thing = room_to_things(s, t, around) - around.needed[1]
        least = min(least, ground, thing)
        if (least < 0.0 and not to_the_end) or s[SPEED] < _STANDS_M_S:
            break
    return least
