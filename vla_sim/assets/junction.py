"""A crossing of two roads, or one road that ends at another: grass around bare asphalt.

A road is two lanes wide and right-hand traffic drives on it. The arms point along +x (straight on
for who comes from -x), -x, +y (left) and -y (right); corners are rounded.
"""

from collections.abc import Collection

import mujoco

from vla_sim.assets.arenas import ASPHALT_RGBA, add_line, ground

_GRASS_RGBA = (0.27, 0.36, 0.24, 1.0)
_HALF_KERB_M = 0.01
_MIDDLE_LINE_M = 0.3
_STOP_LINE_M = 0.4


def crossing(
    exits: Collection[str], *, lane_width_m: float, corner_m: float, arm_m: float
) -> mujoco.MjSpec:
    """Roads that meet at the origin; without the exit "straight" one ends there.

    Args:
        exits: "left" and "right", and "straight" if the road goes on.
        lane_width_m: Width of one of a road's two lanes.
        corner_m: Radius of the rounded corners.
        arm_m: How far from the origin the ground is built.
    """
    spec = ground(half_size_m=2.0 * arm_m, rgba=ASPHALT_RGBA, light_height_m=40.0)
    for front in (-1.0, 1.0):
        if front > 0.0 and "straight" not in exits:
            continue
        for side in (-1.0, 1.0):
            _add_corner(spec, front, side, lane_width_m, corner_m, arm_m)
    if "straight" not in exits:
        _add_grass(spec, "grass_front", (lane_width_m, arm_m), (-arm_m, arm_m))
    mouth = lane_width_m + corner_m
    half, middle = 0.5 * (arm_m - mouth), 0.5 * (arm_m + mouth)
    lane = 0.5 * lane_width_m
    arms = (("back", -1.0, 0.0), ("left", 0.0, 1.0), ("right", 0.0, -1.0), ("straight", 1.0, 0.0))
    for name, x, y in arms:
        if name != "back" and name not in exits:
            continue
        long, wide = 2.0 * half, _MIDDLE_LINE_M
        size = (long, wide) if x else (wide, long)
        add_line(spec, f"middle_{name}", x * middle, y * middle, *size)
        # Who comes towards the crossing keeps to the right and stops at a line.
        stop = (_STOP_LINE_M, lane_width_m) if x else (lane_width_m, _STOP_LINE_M)
        add_line(spec, f"stop_{name}", x * mouth - y * lane, y * mouth + x * lane, *stop)
    return spec


def _add_corner(
    spec: mujoco.MjSpec, front: float, side: float, lane: float, corner: float, arm: float
) -> None:
    """The grass of one quadrant: two boxes, and a cylinder that rounds what they leave open."""
    name = f"grass_{'front' if front > 0.0 else 'back'}_{'left' if side > 0.0 else 'right'}"
    begin = lane + corner
    _add_grass(spec, f"{name}_beside", (front * begin, front * arm), (side * lane, side * arm))
    _add_grass(spec, f"{name}_off", (front * lane, front * begin), (side * begin, side * arm))
    spec.worldbody.add_geom(
        name=f"{name}_round",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[corner, _HALF_KERB_M, 0.0],
        pos=[front * begin, side * begin, _HALF_KERB_M],
        contype=0,
        conaffinity=0,
        rgba=_GRASS_RGBA,
    )


def _add_grass(
    spec: mujoco.MjSpec, name: str, x: tuple[float, float], y: tuple[float, float]
) -> None:
    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * abs(x[1] - x[0]), 0.5 * abs(y[1] - y[0]), _HALF_KERB_M],
        pos=[0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1]), _HALF_KERB_M],
        contype=0,
        conaffinity=0,
        rgba=_GRASS_RGBA,
    )
