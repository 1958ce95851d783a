"""Serial chains of revolute joints: forward kinematics, Jacobian and rotations.

Compiled per simulation, with plain loops over fixed small sizes: no library call whose rounding
depends on how many simulations are computed together. All functions fill arrays of the caller.
Rotations are 3 x 3 matrices; a chain's joints all turn about their own z axis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A serial chain: fixed transforms before each joint, and one after the last.

    Attributes:
        offset_pos: Origin of each joint's frame in the one before it [m], shape (d, 3).
        offset_mat: Orientation of it at joint angle zero, shape (d, 3, 3).
        tool_pos: Tool point in the last joint's frame [m], shape (3,).
        tool_mat: Tool orientation in the last joint's frame, shape (3, 3).
    """

    offset_pos: Floats
    offset_mat: Floats
    tool_pos: Floats
    tool_mat: Floats

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self.offset_pos)

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The chain as the kernels take it."""
        return self.offset_pos, self.offset_mat, self.tool_pos, self.tool_mat

    def pose(self, q: Floats) -> tuple[Floats, Floats]:
        """Tool pose for joint angles of shape (m, d): positions (m, 3), rotations (m, 3, 3)."""
        m = len(q)
        pos, mat = np.empty((m, 3)), np.empty((m, 3, 3))
        jac = np.empty((m, 6, self.n_joints))
        forward_rows(*self.arrays, np.ascontiguousarray(q, dtype=np.float64), pos, mat, jac)
        return pos, mat

    def jacobian(self, q: Floats) -> Floats:
        """Tool Jacobian (m, 6, d) for joint angles (m, d): linear rows, then angular rows."""
        m = len(q)
        pos, mat = np.empty((m, 3)), np.empty((m, 3, 3))
        jac = np.empty((m, 6, self.n_joints))
        forward_rows(*self.arrays, np.ascontiguousarray(q, dtype=np.float64), pos, mat, jac)
        return jac


@entry
def forward_one(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    q: Floats,
    pos: Floats,
    mat: Floats,
    jac: Floats,
) -> None:
    """Tool position (3,), rotation (3, 3) and Jacobian (6, d) of one simulation, from q (d,)."""
    d = q.shape[0]
    anchor = np.empty((d, 3))
    axis = np.empty((d, 3))
    r = np.eye(3)
    p = np.zeros(3)
    s = np.empty((3, 3))
    for j in range(d):
        for i in range(3):
            p[i] += (
                r[i, 0] * offset_pos[j, 0] + r[i, 1] * offset_pos[j, 1] + r[i, 2] * offset_pos[j, 2]
            )
        for i in range(3):
            for k in range(3):
                s[i, k] = (
                    r[i, 0] * offset_mat[j, 0, k]
                    + r[i, 1] * offset_mat[j, 1, k]
                    + r[i, 2] * offset_mat[j, 2, k]
                )
        c, sn = np.cos(q[j]), np.sin(q[j])
        for i in range(3):
            anchor[j, i] = p[i]
            axis[j, i] = s[i, 2]
            r[i, 0] = s[i, 0] * c + s[i, 1] * sn
            r[i, 1] = s[i, 1] * c - s[i, 0] * sn
            r[i, 2] = s[i, 2]
    for i in range(3):
        pos[i] = p[i] + r[i, 0] * tool_pos[0] + r[i, 1] * tool_pos[1] + r[i, 2] * tool_pos[2]
        for k in range(3):
            mat[i, k] = (
                r[i, 0] * tool_mat[0, k] + r[i, 1] * tool_mat[1, k] + r[i, 2] * tool_mat[2, k]
            )
    for j in range(d):
        x, y, z = pos[0] - anchor[j, 0], pos[1] - anchor[j, 1], pos[2] - anchor[j, 2]
        jac[0, j] = axis[j, 1] * z - axis[j, 2] * y
        jac[1, j] = axis[j, 2] * x - axis[j, 0] * z
        jac[2, j] = axis[j, 0] * y - axis[j, 1] * x
        for i in range(3):
            jac[3 + i, j] = axis[j, i]


@entry
def forward_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    q: Floats,
    pos: Floats,
    mat: Floats,
    jac: Floats,
) -> None:
    """`forward_one` for each row of q (m, d)."""
    for row in range(q.shape[0]):
        forward_one(
            offset_pos, offset_mat, tool_pos, tool_mat, q[row], pos[row], mat[row], jac[row]
        )


@entry
def rotation_error(wanted: Floats, actual: Floats, error: Floats) -> None:
    """Rotation vector (3,) [rad], in the world, that turns `actual` into `wanted`."""
    # The axis is the skew part of wanted @ actual.T; atan2 keeps the angle exact near zero.
    d = np.zeros((3, 3))
    for i in range(3):
        for k in range(3):
            d[i, k] = (
                wanted[i, 0] * actual[k, 0]
                + wanted[i, 1] * actual[k, 1]
                + wanted[i, 2] * actual[k, 2]
            )
    x, y, z = d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1]
    sine = 0.5 * np.sqrt(x * x + y * y + z * z)
    cosine = 0.5 * (d[0, 0] + d[1, 1] + d[2, 2] - 1.0)
    # A vanishing sine is no turn, or half a turn about an axis that the skew part does not show.
    scale = 0.5 if sine < 1e-12 else 0.5 * np.arctan2(sine, cosine) / sine
    error[0], error[1], error[2] = scale * x, scale * y, scale * z


@entry
def rotate(mat: Floats, turn: Floats) -> None:
    """Turn the rotation `mat` (3, 3) in place by the rotation vector `turn` (3,) [rad], world."""
    angle = np.sqrt(turn[0] ** 2 + turn[1] ** 2 + turn[2] ** 2)
    if angle == 0.0:
        return
    x, y, z = turn[0] / angle, turn[1] / angle, turn[2] / angle
    c, s = np.cos(angle), np.sin(angle)
    for k in range(3):
        a, b, e = mat[0, k], mat[1, k], mat[2, k]
        along = (x * a + y * b + z * e) * (1.0 - c)
        mat[0, k] = a * c + (y * e - z * b) * s + x * along
        mat[1, k] = b * c + (z * a - x * e) * s + y * along
        mat[2, k] = e * c + (x * b - y * a) * s + z * along
