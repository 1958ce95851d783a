"""The command nearest to the one asked for, after which a car can still stop."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.shield.car_motion import (
    ALPHA,
    BRAKE,
    CURVATURE,
    DT,
    FARTHEST,
    HALF_LENGTH,
    SCALE,
    SPEED,
    YAW,
    Around,
    X,
    Y,
    held_curvature,
    room_on_ground,
    room_to_things,
    slack_to_stop,
)
from vla_sim.physics.compiled import entry, kernel

Floats = NDArray[np.float64]

_N_SPEEDS, _N_TURNS = 5, 11
_N_HALVINGS = 4
_STILL_M_S = 0.3
"""What is slower than this stands."""
_TO_SPARE_M = 6.0


@kernel
def _near(
    s: Floats,
    strips: Floats,
    things: Floats,
    velocity: Floats,
    car: Floats,
    near_strips: NDArray[np.int64],
    near_things: NDArray[np.int64],
) -> tuple[int, int]:
    """Which strips and things lie within what the car can reach before it stands."""
    lag_s = 3.0 * car[DT]
    stop_s = (s[SPEED] + car[BRAKE] * lag_s) / car[BRAKE] + lag_s
    reach = (s[SPEED] + car[BRAKE] * lag_s) * stop_s * 0.5 + s[SPEED] * lag_s + _TO_SPARE_M
    n_strips = 0
    for k in range(strips.shape[0]):
        ax, ay = strips[k, 2] - strips[k, 0], strips[k, 3] - strips[k, 1]
        px, py = s[X] - strips[k, 0], s[Y] - strips[k, 1]
        along = (px * ax + py * ay) / max(ax * ax + ay * ay, 1e-9)
        along = min(max(along, 0.0), 1.0)
        dx, dy = px - along * ax, py - along * ay
        if dx * dx + dy * dy < (reach + strips[k, 4]) ** 2:
            near_strips[n_strips] = k
            n_strips += 1
    n_things = 0
    c, sn = np.cos(s[YAW]), np.sin(s[YAW])
    for k in range(things.shape[0]):
        if things[k, 7] == 0.0:
            continue
        dx, dy = things[k, 0] - s[X], things[k, 1] - s[Y]
        moves = np.sqrt(velocity[k, 0] ** 2 + velocity[k, 1] ** 2)
        half = things[k, 4] + things[k, 5] + things[k, 6]
        if moves > _STILL_M_S and dx * c + dy * sn + half < -0.5 * car[HALF_LENGTH]:
            continue  # it comes from behind: who follows keeps the distance
        if np.sqrt(dx * dx + dy * dy) < reach + half + car[HALF_LENGTH] + moves * stop_s:
            near_things[n_things] = k
            n_things += 1
    return n_strips, n_things


@entry
def guard_rows(
    state: Floats,
    asked: Floats,
    limits: Floats,
    strips: Floats,
    things: Floats,
    velocity: Floats,
    escape: Floats,
    margin: Floats,
    car: Floats,
    out: Floats,
) -> None:
    """Commands of each row that keep the car within its limits and able to stop.

    First, in closed form, the least change that keeps speed and the tyres' hold. Where the car
    could not stop after that, the nearest of a fan of commands, in units of the action, after
    which it can, brought nearer by halving the way back. Where none is found, the braking that was
    sure to be possible a step ago, or that which leaves the most room.

    Args:
        state: (n, 6), see `car_motion`.
        asked: Commands of acceleration [m/s^2] and curvature [1/m], (n, 2); not finite: brake.
        limits: Lowest and highest acceleration [m/s^2] and highest speed [m/s] of each row, (n, 3).
        strips: Ground that may be driven on, (n, m, 6).
        things: Footprints, (n, k, N_COLUMNS).
        velocity: Theirs [m/s], (n, k, 2).
        escape: Curvature for braking that was last found to be possible [1/m], (n,), updated.
        margin: Room that is kept to the ground's edge and to things [m], and what a square of the
            speed adds [s^2/m], (3,).
        car: The car's numbers.
        out: (n, 2), filled.
    """
    near_strips = np.empty(strips.shape[1], dtype=np.int64)
    near_things = np.empty(things.shape[1], dtype=np.int64)
    work, needed, then = np.empty(6), np.empty(2), np.empty(4)
    for row in range(state.shape[0]):
        s, ground, solid, moving = state[row], strips[row], things[row], velocity[row]
        wanted, turn = asked[row, 0], asked[row, 1]
        if not (np.isfinite(wanted) and np.isfinite(turn)):
            wanted, turn = -car[BRAKE], s[CURVATURE]
        low = max(min(limits[row, 0], limits[row, 1]), -car[BRAKE])
        wanted = min(max(wanted, low), max(limits[row, 1], -car[BRAKE]))
        fastest = (limits[row, 2] - s[SPEED]) / car[DT]
        # What the filter makes of the command must not pass the top speed within this step.
        held = s[4] + car[ALPHA] * (wanted - s[4])
        if held > fastest:
            wanted = max(s[4] + (fastest - s[4]) / car[ALPHA], -car[BRAKE])
        turn = held_curvature(s, wanted, turn, car)
        n_strips, n_things = _near(s, ground, solid, moving, car, near_strips, near_things)
        # Who is nearer than the margin may stay as near, and come no nearer, down to half of it:
        # small errors of the model would add up.
        spare = margin[2] * s[SPEED] * s[SPEED]
        around = Around(
            ground, solid, moving, near_strips, n_strips, near_things, n_things, needed, car
        )
        ground_now, things_now = room_on_ground(s, around), room_to_things(s, 0.0, around)
        needed[0] = min(margin[0] + spare, max(ground_now, 0.5 * margin[0]))
        needed[1] = min(margin[1] + spare, max(things_now, 0.5 * margin[1]))
        out[row, 0], out[row, 1] = wanted, turn
        then[0], then[1], then[2], then[3] = turn, escape[row], s[CURVATURE], 0.0
        found = False
        for k in range(4):
            slack = slack_to_stop(s, wanted, turn, then[k], around, False, work)
            if slack >= 0.0:
                escape[row], found = then[k], True
                break
        if found:
            continue

        # The fan: brake more, and steer otherwise.
        nearest, best_a, best_k, best_then = FARTHEST, 0.0, 0.0, 0.0
        most, rescue_a, rescue_k, rescue_then = -FARTHEST, -car[BRAKE], escape[row], escape[row]
        for i in range(_N_SPEEDS):
            a = wanted + (-car[BRAKE] - wanted) * i / (_N_SPEEDS - 1)
            for j in range(_N_TURNS + 1):
                bend = turn if j == _N_TURNS else car[SCALE] * (2.0 * j / (_N_TURNS - 1) - 1.0)
                bend = held_curvature(s, a, bend, car)
                far = ((a - wanted) / car[BRAKE]) ** 2 + ((bend - turn) / car[SCALE]) ** 2
                is_brake = i == _N_SPEEDS - 1
                if far >= nearest and not (is_brake and nearest == FARTHEST):
                    continue
                then[0], then[3] = bend, 0.0
                for m in range(4):
                    slack = slack_to_stop(s, a, bend, then[m], around, is_brake, work)
                    if slack >= 0.0 and far < nearest:
                        nearest, best_a, best_k, best_then = far, a, bend, then[m]
                        break
                    if is_brake and slack > most:
                        most, rescue_a, rescue_k, rescue_then = slack, a, bend, then[m]
        if nearest == FARTHEST:
            # Braking on as was found possible a step ago differs from what was foreseen by the
            # model's error alone.
            bend = held_curvature(s, -car[BRAKE], escape[row], car)
            slack = slack_to_stop(s, -car[BRAKE], bend, escape[row], around, True, work)
            if slack >= most - 0.05:
                rescue_a, rescue_k, rescue_then = -car[BRAKE], bend, escape[row]
            out[row, 0], out[row, 1], escape[row] = rescue_a, rescue_k, rescue_then
            continue
        near, far_end = 0.0, 1.0  # shares of the way from what was asked to what was found
        for _ in range(_N_HALVINGS):
            share = 0.5 * (near + far_end)
            a, bend = wanted + share * (best_a - wanted), turn + share * (best_k - turn)
            slack = slack_to_stop(s, a, bend, best_then, around, False, work)
            if slack >= 0.0:
                far_end = share
            else:
                near = share
        a, bend = wanted + far_end * (best_a - wanted), turn + far_end * (best_k - turn)
        out[row, 0], out[row, 1], escape[row] = a, held_curvature(s, a, bend, car), best_then
