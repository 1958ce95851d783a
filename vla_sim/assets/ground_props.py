"""Things that cars meet: pads to stop on, posts to avoid, other road users.

Each is a mocap body. Where it can look in several ways, every look is one geom, or a group of them,
named "<body>_<look>" or "<body>_<look>_<part>"; the first of a look carries the colour.
"""

from collections.abc import Mapping

import mujoco
import numpy as np

Rgb = tuple[float, float, float]

PAD_SHAPES = ("disc", "square", "diamond")
PAD_RADIUS_M = 1.8
_PAD_HALF_THICKNESS_M = 0.01

OBSTACLE_RADII_M = (0.8, 1.1)
_OBSTACLE_HALF_HEIGHT_M = 0.6
_OBSTACLE_RGB: Rgb = (0.06, 0.06, 0.08)

CONE_RADIUS_M = 0.3
_CONE_HALF_HEIGHT_M = 0.45
_CONE_HALF_BASE_M = 0.7
_CONE_RGB: Rgb = (1.0, 0.42, 0.05)
_BAND_RGB: Rgb = (0.95, 0.95, 0.95)

VEHICLE_KINDS = ("car", "truck")
VEHICLE_HALF_LENGTH_M = 3.5
"""Of the longest kind [m]."""
VEHICLE_ENDS_M: Mapping[str, tuple[float, float]] = {"car": (2.1, 2.1), "truck": (3.5, 3.35)}
"""From the origin back to the rear end, and forward to the front end [m]."""

_UNSEEN = (0.5, 0.5, 0.5, 0.0)
_GLASS: Rgb = (0.12, 0.13, 0.16)


def add_pad(spec: mujoco.MjSpec, name: str) -> None:
    """Add a flat pad on the ground: a disc, a square or a diamond; nothing touches it."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    flat = _PAD_HALF_THICKNESS_M
    side = PAD_RADIUS_M * 0.85  # about the disc's area, so that size does not give the shape away
    straight, turned = [1.0, 0.0, 0.0, 0.0], [np.cos(np.pi / 8), 0.0, 0.0, np.sin(np.pi / 8)]
    looks = {
        "disc": (mujoco.mjtGeom.mjGEOM_CYLINDER, [PAD_RADIUS_M, flat, 0.0], straight),
        "square": (mujoco.mjtGeom.mjGEOM_BOX, [side, side, flat], straight),
        "diamond": (mujoco.mjtGeom.mjGEOM_BOX, [side, side, flat], turned),
    }
    for shape in PAD_SHAPES:
        kind, size, quat = looks[shape]
        body.add_geom(
            name=f"{name}_{shape}",
            type=kind,
            size=size,
            pos=[0.0, 0.0, flat],
            quat=quat,
            contype=0,
            conaffinity=0,
            rgba=_UNSEEN,
        )


def add_obstacle(spec: mujoco.MjSpec, name: str, radius_m: float) -> None:
    """Add a dark solid post."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=f"{name}_post",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[radius_m, _OBSTACLE_HALF_HEIGHT_M, 0.0],
        pos=[0.0, 0.0, _OBSTACLE_HALF_HEIGHT_M],
        rgba=[*_OBSTACLE_RGB, 1.0],
    )


def add_cone(spec: mujoco.MjSpec, name: str) -> None:
    """Add a traffic cone: a wide flat base, which cars may pass over, and a solid post on it."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    base, half = _CONE_HALF_BASE_M, _CONE_HALF_HEIGHT_M
    body.add_geom(
        name=f"{name}_base",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[base, base, 0.02],
        pos=[0.0, 0.0, 0.02],
        contype=0,
        conaffinity=0,
        rgba=[*_CONE_RGB, 1.0],
    )
    body.add_geom(
        name=f"{name}_post",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[CONE_RADIUS_M, half, 0.0],
        pos=[0.0, 0.0, half],
        rgba=[*_BAND_RGB, 1.0],
    )
    body.add_geom(
        name=f"{name}_tip",
        type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
        size=[CONE_RADIUS_M, CONE_RADIUS_M, half],
        pos=[0.0, 0.0, 2.0 * half],
        rgba=[*_CONE_RGB, 1.0],
    )


def add_road_user(spec: mujoco.MjSpec, name: str) -> None:
    """Add a vehicle that is a car or a truck; its origin is on the ground below its middle."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    parts = (
        ("car", [2.1, 0.9, 0.45], [0.0, 0.0, 0.65], _UNSEEN),
        ("car_cabin", [1.0, 0.75, 0.3], [-0.2, 0.0, 1.4], (*_GLASS, 0.0)),
        ("truck", [2.6, 1.15, 1.25], [-0.9, 0.0, 1.65], _UNSEEN),
        ("truck_cab", [0.75, 1.05, 0.9], [2.6, 0.0, 1.25], (*_GLASS, 0.0)),
    )
    for part, size, pos, rgba in parts:
        body.add_geom(
            name=f"{name}_{part}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size,
            pos=pos,
            rgba=rgba,
        )
