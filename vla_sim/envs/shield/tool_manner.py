"""The commanded tool velocity nearest to the one asked for, within a manner's bounds."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry, kernel

Floats = NDArray[np.float64]

_N_SWEEPS = 30
"""Of Dykstra's projections; two balls that overlap are met to a millimetre a second."""


@kernel
def _into_ball(x: Floats, centre: Floats, radius: float) -> None:
    far = 0.0
    for i in range(3):
        far += (x[i] - centre[i]) ** 2
    far = np.sqrt(far)
    if far > radius:
        for i in range(3):
            x[i] = centre[i] + (x[i] - centre[i]) * radius / far


@kernel
def _fastest(speed: float, most: float, jerk: float, dt: float) -> float:
    """The greatest speed after this step from which no jerk is needed to stay below `most`.

    With an acceleration a in this step, the steps in which the jerk takes it back gain
    a^2 / (2 jerk) - a dt / 2 more; nothing where one step takes it back.
    """
    room = most - speed
    if room <= jerk * dt * dt:
        return most
    gaining = jerk * (np.sqrt(0.25 * dt * dt + 2.0 * room / jerk) - 0.5 * dt)
    return float(speed + gaining * dt)


@entry
def bound_rows(
    action: Floats, twist: Floats, acceleration: Floats, bound: Floats, alpha: float, dt: float
) -> None:
    """Bring each row's commanded velocity into the bounds of its manner, by the least change.

    The next filtered velocity is projected onto the balls of speed, of acceleration and of jerk
    (Dykstra's algorithm); the command is what the filter makes it of. Where the three leave nothing
    in common, acceleration is kept first, then jerk: a speed that is passed for a step spoils no
    manner, and a jolt to be back below it does.

    Args:
        action: SI actions, (n, 7), changed in place.
        twist: Filtered commands now, (n, 6).
        acceleration: Of the filtered commands, in the last step [m/s^2], (n, 3).
        bound: Greatest speed [m/s], acceleration [m/s^2] and jerk [m/s^3] of each row, (n, 3).
        alpha: Gain of the action filter.
        dt: Control period [s].

    Source:
        J. P. Boyle and R. L. Dykstra, "A method for finding projections onto the intersection of
        convex sets in Hilbert spaces", 1986.
    """
    wanted, zero, jerk_centre = np.empty(3), np.zeros(3), np.empty(3)
    kept, before = np.empty((3, 3)), np.empty(3)
    for row in range(action.shape[0]):
        now = twist[row, :3]
        for i in range(3):
            wanted[i] = now[i] + alpha * (action[row, i] - now[i])
            jerk_centre[i] = now[i] + acceleration[row, i] * dt
        speed = 0.0
        for i in range(3):
            speed += now[i] * now[i]
        speed = np.sqrt(speed)
        fastest = _fastest(speed, bound[row, 0], bound[row, 2], dt)
        kept[:] = 0.0
        for _ in range(_N_SWEEPS):
            for ball in range(3):
                for i in range(3):
                    before[i] = wanted[i] + kept[ball, i]
                    wanted[i] = before[i]
                if ball == 0:
                    _into_ball(wanted, jerk_centre, bound[row, 2] * dt * dt)
                elif ball == 1:
                    _into_ball(wanted, zero, fastest)
                else:
                    _into_ball(wanted, now, bound[row, 1] * dt)
                for i in range(3):
                    kept[ball, i] = before[i] - wanted[i]
        _into_ball(wanted, jerk_centre, bound[row, 2] * dt * dt)
        _into_ball(wanted, now, bound[row, 1] * dt)
        for i in range(3):
            action[row, i] = now[i] + (wanted[i] - now[i]) / alpha
