"""Objects on a table, and the colours of everything that words name.

An object is one body with one geom per look, a shape or a size and a shape, named "<body>_<look>";
`envs.looks` shows one of them per simulation.
"""

from collections.abc import Mapping, Sequence

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
SIZES = ("small", "large")
HALF_HEIGHT_M: Mapping[str, float] = {
    "cube": 0.022,
    "ball": 0.025,
    "cylinder": 0.03,
    "small_cube": 0.016,
    "small_ball": 0.017,
    "small_cylinder": 0.026,
    "large_cube": 0.025,
    "large_ball": 0.0255,
    "large_cylinder": 0.036,
}
"""Half height of a standing object by its look [m]: what a hand that opens 8 cm can take, with its
palm 38 mm above the middle. Large ones are 1.4 to 1.6 times as wide as small ones of a shape."""
CYLINDER_RADIUS_M = 0.02
SLENDERNESS = CYLINDER_RADIUS_M / HALF_HEIGHT_M["cylinder"]
"""Width of any cylinder over its height; cubes and balls are as wide as high."""
OBJECT_MASS_KG = 0.1

RUBBER, GLAZED = 1.0, 0.4
"""Sliding friction on the table: of what hands grasp, and of what they push."""

_GREY: Rgb = (0.6, 0.6, 0.6)


def look_of(shape: str, size: str = "") -> str:
    """The look of a table object, a name in `HALF_HEIGHT_M`."""
    return f"{size}_{shape}" if size else shape


def add_object(
    spec: mujoco.MjSpec,
    name: str,
    *,
    free: bool,
    looks: Sequence[str] = SHAPES,
    sliding_friction: float = RUBBER,
) -> None:
    """Add a table object that can be a cube, a ball or a cylinder.

    Args:
        spec: The scene that is being built.
        name: Name of the body.
        free: Loose under gravity; otherwise a mocap body, solid and unmovable.
        sliding_friction: On the table. Rubber that is pushed a little downwards jams; what is to be
            pushed slides more easily than that.
        looks: What it can look like, names in `HALF_HEIGHT_M`.
    """
    body = spec.worldbody.add_body(name=name, mocap=not free)
    if free:
        body.add_freejoint()
        # One inertia for every look: a 2.2 cm cube's, close to the ball's and the cylinder's.
        body.explicitinertial = True
        body.mass = OBJECT_MASS_KG
        inertia = OBJECT_MASS_KG * (2 * HALF_HEIGHT_M["cube"]) ** 2 / 6.0
        body.inertia = [inertia] * 3
    for look in looks:
        half = HALF_HEIGHT_M[look]
        kind, size = {
            "cube": (mujoco.mjtGeom.mjGEOM_BOX, [half, half, half]),
            "ball": (mujoco.mjtGeom.mjGEOM_SPHERE, [half, 0, 0]),
            "cylinder": (mujoco.mjtGeom.mjGEOM_CYLINDER, [half * SLENDERNESS, half, 0]),
        }[look.rpartition("_")[2]]
        body.add_geom(
            name=f"{name}_{look}",
            type=kind,
            size=size,
            rgba=[*_GREY, 1.0],
            condim=6,
            # Rolling friction stops balls that were nudged.
            friction=[sliding_friction, 0.02, 0.002],
            # Of two friction numbers the greater counts, unless one of the two geoms has priority.
            priority=1 if sliding_friction < RUBBER else 0,
        )
