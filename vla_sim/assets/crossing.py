"""What lies across a road, and who walks across it: stop lines, crosswalks, pedestrians."""

import mujoco

STOP_LINE_M = 1.6
"""Width of a stop line, along the road [m]: broad, for small pictures."""
CROSSWALK_M = 3.0
"""Depth of a crosswalk, along the road [m]."""
PEDESTRIAN_RADIUS_M = 0.4

_HALF_THICKNESS_M = 0.01
_STRIPE_M = 0.5
_STRIPE_RGBA = (0.92, 0.92, 0.88, 1.0)
_UNSEEN = (0.5, 0.5, 0.5, 0.0)
_HEAD_RGBA = (0.85, 0.68, 0.55, 0.0)


def add_stop_line(spec: mujoco.MjSpec, name: str, road_width_m: float) -> None:
    """Add a line across a road along x, which shows the look "line"; nothing touches it.

    Its origin is in the middle of the edge that cars meet first.
    """
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=f"{name}_line",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * STOP_LINE_M, 0.5 * road_width_m, _HALF_THICKNESS_M],
        pos=[0.5 * STOP_LINE_M, 0.0, _HALF_THICKNESS_M],
        contype=0,
        conaffinity=0,
        rgba=_UNSEEN,
    )


def add_crosswalk(spec: mujoco.MjSpec, name: str, road_width_m: float) -> None:
    """Add white stripes across a road along x; nothing touches them.

    Its origin is in the middle of the edge that cars meet first.
    """
    body = spec.worldbody.add_body(name=name, mocap=True)
    n_stripes = int(road_width_m / (2.0 * _STRIPE_M))
    for k in range(n_stripes):
        body.add_geom(
            name=f"{name}_{k}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.5 * CROSSWALK_M, 0.5 * _STRIPE_M, _HALF_THICKNESS_M],
            pos=[
                0.5 * CROSSWALK_M,
                (k - 0.5 * (n_stripes - 1)) * road_width_m / n_stripes,
                _HALF_THICKNESS_M,
            ],
            contype=0,
            conaffinity=0,
            rgba=_STRIPE_RGBA,
        )


def add_pedestrian(spec: mujoco.MjSpec, name: str) -> None:
    """Add somebody solid who shows the look "pedestrian"; the origin is on the ground below."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=f"{name}_pedestrian",
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[PEDESTRIAN_RADIUS_M, 0.38, 0.0],
        pos=[0.0, 0.0, 0.8],
        rgba=_UNSEEN,
    )
    body.add_geom(
        name=f"{name}_pedestrian_head",
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[0.22, 0.0, 0.0],
        pos=[0.0, 0.0, 1.72],
        rgba=_HEAD_RGBA,
    )
