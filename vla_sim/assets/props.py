"""Things that tasks speak about: table objects, pads, obstacles, vehicles.

A prop is one body with one geom, or group of geoms, per look; `envs.looks` shows one look per
simulation. Geoms are named "<body>_<look>" or "<body>_<look>_<part>"; the first of a look carries
the colour.
"""

from collections.abc import Mapping

import mujoco

Rgb = tuple[float, float, float]

COLOURS: Mapping[str, Rgb] = {
    "red": (0.85, 0.10, 0.10),
    "green": (0.10, 0.65, 0.15),
    "blue": (0.12, 0.25, 0.90),
    "yellow": (0.95, 0.85, 0.10),
    "purple": (0.55, 0.15, 0.70),
    "orange": (1.00, 0.50, 0.05),
}
"""Far apart in hue, so that 64 px pictures tell them apart."""

SHAPES = ("cube", "ball", "cylinder")
HALF_HEIGHT_M: Mapping[str, float] = {"cube": 0.022, "ball": 0.025, "cylinder": 0.03}
"""Half height of a standing object [m]: what a hand that opens 8 cm can take."""
CYLINDER_RADIUS_M = 0.02
OBJECT_MASS_KG = 0.1

PAD_SHAPES = ("disc", "square", "diamond")
PAD_RADIUS_M = 1.7
PAD_HALF_THICKNESS_M = 0.01

OBSTACLE_RADII_M = (0.8, 1.0, 1.2)
OBSTACLE_HALF_HEIGHT_M = 0.6
OBSTACLE_COLOUR: Rgb = (0.08, 0.08, 0.10)

VEHICLE_KINDS = ("car", "truck")
VEHICLE_HALF_LENGTH_M = 3.5
"""Of the longest kind [m]."""

_GREY: Rgb = (0.6, 0.6, 0.6)
_DARK: Rgb = (0.12, 0.13, 0.16)


def add_object(spec: mujoco.MjSpec, name: str, *, free: bool) -> None:
    """Add a table object that can be a cube, a ball or a cylinder.

    Args:
        spec: The scene that is being built.
        name: Name of the body.
        free: Loose under gravity; otherwise a mocap body, solid and unmovable.
    """
    body = spec.worldbody.add_body(name=name, mocap=not free)
    if free:
        body.add_freejoint()
        # One inertia for every look: a 2.2 cm cube's, close to the ball's and the cylinder's.
        body.explicitinertial = True
        body.mass = OBJECT_MASS_KG
        inertia = OBJECT_MASS_KG * (2 * HALF_HEIGHT_M["cube"]) ** 2 / 6.0
        body.inertia = [inertia] * 3
    sizes = {
        "cube": (mujoco.mjtGeom.mjGEOM_BOX, [HALF_HEIGHT_M["cube"]] * 3),
        "ball": (mujoco.mjtGeom.mjGEOM_SPHERE, [HALF_HEIGHT_M["ball"], 0, 0]),
        "cylinder": (
            mujoco.mjtGeom.mjGEOM_CYLINDER,
            [CYLINDER_RADIUS_M, HALF_HEIGHT_M["cylinder"], 0],
        ),
    }
    for shape in SHAPES:
        kind, size = sizes[shape]
        body.add_geom(
            name=f"{name}_{shape}",
            type=kind,
            size=size,
            rgba=[*_GREY, 1.0],
            condim=6,
            # Rolling friction stops balls that were nudged; sliding friction is rubber on paint.
            friction=[1.0, 0.02, 0.002],
        )


def add_pad(spec: mujoco.MjSpec, name: str) -> None:
    """Add a flat coloured pad on the ground: a disc, a square or a diamond."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    flat = PAD_HALF_THICKNESS_M
    side = PAD_RADIUS_M * 0.9
    half = 0.5**0.5
    body.add_geom(
        name=f"{name}_disc",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[PAD_RADIUS_M, flat, 0],
        pos=[0, 0, flat],
        rgba=[*_GREY, 1.0],
        contype=0,
        conaffinity=0,
    )
    for shape, quat in (("square", [1.0, 0, 0, 0]), ("diamond", _yaw_quat(half))):
        body.add_geom(
            name=f"{name}_{shape}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[side, side, flat],
            pos=[0, 0, flat],
            quat=quat,
            rgba=[*_GREY, 1.0],
            contype=0,
            conaffinity=0,
        )


def _yaw_quat(half: float) -> list[float]:
    """Quaternion of a turn by 45 degrees about the vertical, from cos 45 degrees."""
    return [((1 + half) / 2) ** 0.5, 0.0, 0.0, ((1 - half) / 2) ** 0.5]


def add_obstacle(spec: mujoco.MjSpec, name: str, radius_m: float) -> None:
    """Add a dark solid post."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=f"{name}_post",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[radius_m, OBSTACLE_HALF_HEIGHT_M, 0],
        pos=[0, 0, OBSTACLE_HALF_HEIGHT_M],
        rgba=[*OBSTACLE_COLOUR, 1.0],
    )


def add_vehicle(spec: mujoco.MjSpec, name: str) -> None:
    """Add another road user that can be a car or a truck; its origin is on the ground."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    parts = (
        ("car", [2.1, 0.9, 0.45], [0, 0, 0.65], _GREY),
        ("car_cabin", [1.0, 0.75, 0.3], [-0.2, 0, 1.4], _DARK),
        ("truck", [2.6, 1.15, 1.25], [-0.9, 0, 1.65], _GREY),
        ("truck_cab", [0.75, 1.05, 0.9], [2.6, 0, 1.25], _DARK),
    )
    for part, size, pos, colour in parts:
        body.add_geom(
            name=f"{name}_{part}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size,
            pos=pos,
            rgba=[*colour, 1.0],
        )
