"""What an arm's joints and its command say about its tool, by rows."""

import math

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry
from vla_sim.physics.kinematics import forward_one, rotation_error

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_YAW_ROUNDING_RAD = 1e-6


@entry
def yaw_rows(rows: Ids, afresh: bool, mat_ref: Floats, zero: Floats, yaw: Floats) -> None:
    """Yaw of the commanded orientations (n, 3, 3) of `rows`, its cosine and sine into (n, 3).

    `zero` (n,) keeps what inverse kinematics leaves of a start straight down, to be taken off.
    """
    for row in rows:
        angle = math.atan2(mat_ref[row, 1, 0], mat_ref[row, 0, 0])
        if afresh:
            zero[row] = angle if abs(angle) < _YAW_ROUNDING_RAD else 0.0
        yaw[row, 0] = angle - zero[row]
        yaw[row, 1], yaw[row, 2] = math.cos(yaw[row, 0]), math.sin(yaw[row, 0])


@entry
def measure_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    rows: Ids,
    afresh: bool,
    q: Floats,
    qd: Floats,
    down: Floats,
    dt: float,
    position: Floats,
    velocity: Floats,
    acceleration: Floats,
    jerk: Floats,
) -> None:
    """Measured motion of `rows` from q, qd (n, d) into the (n, d + 6) arrays."""
    d = q.shape[1]
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, d))
    turn, v = np.empty(3), np.empty(d + 6)
    for row in rows:
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q[row], pos, mat, jac)
        rotation_error(mat, down, turn)
        for j in range(d):
            position[row, j] = q[row, j]
            v[j] = qd[row, j]
        for i in range(3):
            position[row, d + i] = pos[i]
            position[row, d + 3 + i] = turn[i]
        for i in range(6):
            total = 0.0
            for j in range(d):
                total += jac[i, j] * qd[row, j]
            v[d + i] = total
        for i in range(d + 6):
            a = 0.0 if afresh else (v[i] - velocity[row, i]) / dt
            jerk[row, i] = 0.0 if afresh else (a - acceleration[row, i]) / dt
            acceleration[row, i] = a
            velocity[row, i] = v[i]
