"""Arenas: the scenes that robots are attached to. The ground, or table top, is z = 0."""

import mujoco

GROUND_CONTYPE = 1
GROUND_CONAFFINITY = 3
"""Bit 1 for bodies, bit 2 for wheels, which touch nothing but the ground."""

_TABLE_RGBA = (0.50, 0.51, 0.53, 1.0)
ASPHALT_RGBA = (0.36, 0.37, 0.38, 1.0)
LINE_RGBA = (0.92, 0.92, 0.88, 1.0)
LINE_WIDTH_M = 0.15
DASH_M = 3.0
DASH_PERIOD_M = 12.0
"""Broken lines: about 10 feet of line and 30 of gap (MUTCD 2009, section 3A.06)."""


def table_scene() -> mujoco.MjSpec:
    """An endless table top, lit from above."""
    # From behind the camera that looks at the arm, so that the fronts of things are lit.
    return ground(
        half_size_m=3.0, rgba=_TABLE_RGBA, light_height_m=3.0, light_dir=(-0.35, 0.25, -0.9)
    )


def asphalt(half_size_m: float) -> mujoco.MjSpec:
    """A square of bare asphalt."""
    return ground(half_size_m=half_size_m, rgba=ASPHALT_RGBA, light_height_m=40.0)


def drive_arena(half_size_m: float) -> mujoco.MjSpec:
    """A square of asphalt from -half_size_m to half_size_m, its border marked by lines."""
    spec = ground(half_size_m=4.0 * half_size_m, rgba=ASPHALT_RGBA, light_height_m=40.0)
    half, size_m = half_size_m, 2.0 * half_size_m
    for name, x, y, length, width in (
        ("line_front", half, 0.0, LINE_WIDTH_M, size_m),
        ("line_back", -half, 0.0, LINE_WIDTH_M, size_m),
        ("line_left", 0.0, half, size_m, LINE_WIDTH_M),
        ("line_right", 0.0, -half, size_m, LINE_WIDTH_M),
    ):
        add_line(spec, name, x, y, length, width)
    return spec


def lane_centre_y(lane: int, n_lanes: int, lane_width_m: float) -> float:
    """Where the middle of a lane lies [m]; lane 0 is the rightmost, y points left."""
    return (lane - 0.5 * (n_lanes - 1)) * lane_width_m


def road(n_lanes: int, lane_width_m: float, length_m: float) -> mujoco.MjSpec:
    """A straight road along x from 0 to `length_m`, its middle at y = 0."""
    spec = ground(half_size_m=length_m, rgba=ASPHALT_RGBA, light_height_m=40.0)
    edge = 0.5 * n_lanes * lane_width_m
    for name, y in (("edge_right", -edge), ("edge_left", edge)):
        add_line(spec, name, 0.5 * length_m, y, length_m, LINE_WIDTH_M)
    for lane in range(1, n_lanes):
        for k in range(int(length_m // DASH_PERIOD_M)):
            x = (k + 0.5) * DASH_PERIOD_M
            y = -edge + lane * lane_width_m
            add_line(spec, f"dash_{lane}_{k}", x, y, DASH_M, LINE_WIDTH_M)
    return spec


def ground(
    *,
    half_size_m: float,
    rgba: tuple[float, float, float, float],
    light_height_m: float,
    light_dir: tuple[float, float, float] = (0.35, 0.25, -0.9),
) -> mujoco.MjSpec:
    """Bare ground of one colour under a sun."""
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[half_size_m, half_size_m, 1.0],
        contype=GROUND_CONTYPE,
        conaffinity=GROUND_CONAFFINITY,
        rgba=rgba,
    )
    spec.worldbody.add_light(
        name="sun",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[0.0, 0.0, light_height_m],
        dir=light_dir,
        castshadow=True,
    )
    return spec


def add_line(
    spec: mujoco.MjSpec, name: str, x: float, y: float, length_m: float, width_m: float
) -> None:
    """Mark a line on the ground, its middle at (x, y)."""
    # A few millimetres high, so that a picture shows it above the ground; nothing touches it.
    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * length_m, 0.5 * width_m, 0.005],
        pos=[x, y, 0.005],
        contype=0,
        conaffinity=0,
        rgba=LINE_RGBA,
    )
