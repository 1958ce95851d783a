"""A row of parking bays side by side, open towards -x, each with a mark on its ground."""

import mujoco

from vla_sim.assets.arenas import ASPHALT_RGBA, LINE_WIDTH_M, add_line, ground

_MARK_MARGIN_M = 0.35
"""Of bare ground between a mark and the lines of its bay."""
_HALF_MARK_M = 0.004
_UNSEEN = (0.5, 0.5, 0.5, 0.0)


def car_park(
    n_bays: int, bay_width_m: float, mouth_x_m: float, end_x_m: float, half_size_m: float
) -> mujoco.MjSpec:
    """Asphalt with the lines between the bays of a row, which has its middle at y = 0."""
    spec = ground(half_size_m=4.0 * half_size_m, rgba=ASPHALT_RGBA, light_height_m=40.0)
    depth, middle = end_x_m - mouth_x_m, 0.5 * (end_x_m + mouth_x_m)
    for k in range(n_bays + 1):
        y = (k - 0.5 * n_bays) * bay_width_m
        add_line(spec, f"line_{k}", middle, y, depth, LINE_WIDTH_M)
    add_line(spec, "line_end", end_x_m, 0.0, LINE_WIDTH_M, n_bays * bay_width_m + LINE_WIDTH_M)
    return spec


def add_bay_mark(
    spec: mujoco.MjSpec, name: str, x: float, y: float, depth_m: float, width_m: float
) -> None:
    """Add the flat mark of a bay that is free, as a body in the bay's middle; all may cross it."""
    body = spec.worldbody.add_body(name=name, pos=[x, y, _HALF_MARK_M])
    body.add_geom(
        name=f"{name}_mark",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * depth_m - _MARK_MARGIN_M, 0.5 * width_m - _MARK_MARGIN_M, _HALF_MARK_M],
        contype=0,
        conaffinity=0,
        rgba=_UNSEEN,
    )
