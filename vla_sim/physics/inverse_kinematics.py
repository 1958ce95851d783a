"""Inverse kinematics: damped least squares with a posture where the tool leaves it free."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry
from vla_sim.physics.kinematics import forward_one, rotation_error

Floats = NDArray[np.float64]


@entry
def damped_least_squares(
    jac: Floats, twist: Floats, posture: Floats, damping: float, dq: Floats
) -> None:
    """Joint step (d,) that gives the tool step `twist` (6,), and `posture` (d,) where it is free.

    dq = J^T (J J^T + damping^2 I)^-1 (twist - J posture) + posture, by Cholesky factorisation.
    """
    d = dq.shape[0]
    a = np.empty((6, 6))
    b = np.empty(6)
    for i in range(6):
        for k in range(i + 1):
            total = damping * damping if i == k else 0.0
            for j in range(d):
                total += jac[i, j] * jac[k, j]
            a[i, k] = total
        rest = twist[i]
        for j in range(d):
            rest -= jac[i, j] * posture[j]
        b[i] = rest
    for i in range(6):
        for k in range(i + 1):
            total = a[i, k]
            for j in range(k):
                total -= a[i, j] * a[k, j]
            a[i, k] = np.sqrt(total) if i == k else total / a[k, k]
        total = b[i]
        for j in range(i):
            total -= a[i, j] * b[j]
        b[i] = total / a[i, i]
    for i in range(5, -1, -1):
        total = b[i]
        for j in range(i + 1, 6):
            total -= a[j, i] * b[j]
        b[i] = total / a[i, i]
    for j in range(d):
        total = posture[j]
        for i in range(6):
            total += jac[i, j] * b[i]
        dq[j] = total


@entry
def solve_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    wanted_pos: Floats,
    wanted_mat: Floats,
    home: Floats,
    limits: Floats,
    q: Floats,
) -> NDArray[np.bool_]:
    """Improve q (m, d) in place until the tool is where wanted; True where it never got there."""
    m, d = q.shape
    missed = np.ones(m, dtype=np.bool_)
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, d))
    twist, posture, dq = np.empty(6), np.empty(d), np.empty(d)
    for row in range(m):
        for _ in range(100):
            forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q[row], pos, mat, jac)
            for i in range(3):
                twist[i] = wanted_pos[row, i] - pos[i]
            rotation_error(wanted_mat, mat, twist[3:])
            error = 0.0
            for i in range(6):
                error += twist[i] * twist[i]
            if error < 1e-16:
                missed[row] = False
                break
            for j in range(d):
                posture[j] = 0.1 * (home[j] - q[row, j])
            # Newton steps alone near the end: the posture's pull is of second order there.
            if error < 1e-6:
                posture[:] = 0.0
            damped_least_squares(jac, twist, posture, 1e-3, dq)
            for j in range(d):
                step = min(max(dq[j], -0.3), 0.3)
                q[row, j] = min(max(q[row, j] + step, limits[0, j] + 0.02), limits[1, j] - 0.02)
    return missed
