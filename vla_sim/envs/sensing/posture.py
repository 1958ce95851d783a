"""Posture: an arm's joint angles and the full pose of its tool, as encoders tell them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Posture:
    """Of m arms.

    Attributes:
        joints: (m, d), angles [rad] in the order of the embodiment's joint groups.
        tool: (m, 7), position of the tool point [m] and orientation of the tool's frame as a unit
            quaternion (w, x, y, z), both in the world. Of the two quaternions of an orientation it
            is the one nearer to (0, 1, 0, 0), a gripper that points straight down.
    """

    joints: Floats
    tool: Floats


def has_posture(body: Embodiment) -> bool:
    """Whether a robot is an arm, whose tool has a pose."""
    return any(group.name == "tcp_angular" for group in body.motion)


def posture(body: Embodiment, position: Floats) -> Posture:
    """What the measured motion (m, n_motion) of an arm says of its posture."""
    place, turn = body.motion_slice("tcp_linear"), body.motion_slice("tcp_angular")
    tool = np.empty((len(position), 7))
    tool[:, :3] = position[:, place]
    _turned_from_down(np.ascontiguousarray(position[:, turn]), tool[:, 3:])
    return Posture(joints=position[:, : place.start].copy(), tool=tool)


def turned(tool: Floats, by: Floats) -> Floats:
    """Tool poses (m, 7) turned by rotation vectors (m, 3) [rad] in the world."""
    out = tool.copy()
    out[:, 3:] = _nearer_down(_product(_quaternion(by), tool[:, 3:]))
    return out


def rotation_vector(quaternion: Floats) -> Floats:
    """Axis times angle (m, 3) [rad] of unit quaternions (m, 4), the angle from 0 to 2 pi.

    It does not jump where a gripper points straight down, which is half a turn.
    """
    axis = quaternion[:, 1:]
    length = np.linalg.norm(axis, axis=1, keepdims=True)
    angle = 2.0 * np.arctan2(length, quaternion[:, :1])
    return np.asarray(axis * angle / np.maximum(length, 1e-12))


def quaternion_of(vector: Floats) -> Floats:
    """The unit quaternions (m, 4) of rotation vectors (m, 3) [rad], nearer to straight down."""
    return _nearer_down(_quaternion(vector))


def matrices(quaternion: Floats) -> Floats:
    """Rotation matrices (m, 3, 3) of unit quaternions (m, 4)."""
    w, x, y, z = quaternion.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


@entry
def _turned_from_down(turn: Floats, out: Floats) -> None:
    """Orientations (m, 4) that are a turn (m, 3) [rad] away from straight down, row by row."""
    for row in range(turn.shape[0]):
        x, y, z = turn[row, 0], turn[row, 1], turn[row, 2]
        angle = math.sqrt(x * x + y * y + z * z)
        part = 0.5 if angle < 1e-9 else math.sin(0.5 * angle) / angle
        w = math.cos(0.5 * angle)
        sign = -1.0 if w < 0.0 else 1.0
        # The turn's quaternion times (0, 1, 0, 0), which is straight down.
        out[row, 0], out[row, 1] = -sign * part * x, sign * w
        out[row, 2], out[row, 3] = sign * part * z, -sign * part * y


def _quaternion(vector: Floats) -> Floats:
    half = 0.5 * np.linalg.norm(vector, axis=1, keepdims=True)
    return np.concatenate([np.cos(half), 0.5 * vector * np.sinc(half / np.pi)], axis=1)


def _product(left: Floats, right: Floats) -> Floats:
    a, b, c, d = left.T
    w, x, y, z = right.T
    return np.stack(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ],
        axis=1,
    )


def _nearer_down(quaternion: Floats) -> Floats:
    sign = np.where(quaternion[:, 1] < 0.0, -1.0, 1.0)
    return np.asarray(quaternion * sign[:, None])
