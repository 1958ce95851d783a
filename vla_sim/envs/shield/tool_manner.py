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


@entry
def bound_rows(
    action: Floats, twist: Floats, acceleration: Floats, bound: Floats, alpha: float, dt: float
) -> None:
    """Bring each row's commanded velocity into the bounds of its manner, by the least change.

    The next filtered velocity is projected onto the balls of speed, of acceleration and of jerk
    (Dykstra's algorithm); the command is what the filter makes it of. Where the three leave nothing
    in common, acceleration is kept first, then speed, and the jerk as small as they allow.

    Args:
        action: SI actions, (n, 7), changed in place.
        twist: Filtered commands now, (n, 6).
        acceleration: Of the commanded velocity [m/s^2], (n, 3).
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
        # What is gained until the acceleration is taken back with the jerk allowed must fit too.
        speed, gains = 1e-9, 0.0
        for i in range(3):
            speed += now[i] * now[i]
            gains += acceleration[row, i] * now[i]
        gains = max(gains / np.sqrt(speed), 0.0) + bound[row, 2] * dt
        fastest = max(bound[row, 0] - gains * gains / (2.0 * bound[row, 2]), 0.0)
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
        _into_ball(wanted, zero, bound[row, 0])
        _into_ball(wanted, now, bound[row, 1] * dt)
        for i in range(3):
            action[row, i] = now[i] + (wanted[i] - now[i]) / alpha
