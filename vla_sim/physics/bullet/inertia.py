"""Inertia of a link: its mass, where the mass is, and how it resists turning."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Inertia:
    """Mass properties in principal axes.

    Attributes:
        mass: [kg].
        pos: Centre of mass in the link's frame [m], (3,).
        quat: Principal axes in the link's frame, (4,), w first.
        diagonal: Principal moments [kg m^2], (3,).
    """

    mass: float
    pos: Floats
    quat: Floats
    diagonal: Floats


def with_rotor(inertia: Inertia, axis: Floats, armature: float) -> Inertia:
    """The link with a rotor of inertia `armature` [kg m^2] about `axis` (3,) built in.

    Bullet knows no armature. The rotor turns with the link, so the joint itself feels exactly the
    armature; joints before it along the same direction feel it too, which MuJoCo's do not.
    """
    if armature == 0.0:
        return inertia
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, inertia.quat)
    principal = turn.reshape(3, 3)
    tensor = principal @ np.diag(inertia.diagonal) @ principal.T
    moments, axes = np.linalg.eigh(tensor + armature * np.outer(axis, axis))
    if np.linalg.det(axes) < 0.0:
        axes[:, 0] = -axes[:, 0]
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(axes).ravel())
    return Inertia(mass=inertia.mass, pos=inertia.pos, quat=quat, diagonal=moments)


def xyzw(quat: Floats) -> list[float]:
    """A quaternion with w first, in PyBullet's order."""
    w, x, y, z = quat.tolist()
    return [x, y, z, w]
