"""A line on a table: a chain of flat links of equal length, each a mocap body of its own."""

import mujoco

LINK_M = 0.04
"""From joint to joint."""

_HALF_WIDTH_M = 0.008
_HALF_HEIGHT_M = 0.0015


def add_line(spec: mujoco.MjSpec, name: str, n_links: int) -> None:
    """Add a line of `n_links`: mocap bodies "<name>_0" ..., geoms "<name>_0_colour" ....

    A link's origin is its middle, its length lies along x. Nothing touches a line.
    """
    for k in range(n_links):
        link = spec.worldbody.add_body(name=f"{name}_{k}", mocap=True)
        link.add_geom(
            name=f"{name}_{k}_colour",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            # A little longer than its share, so that bends have no gaps.
            size=[0.5 * LINK_M + 0.3 * _HALF_WIDTH_M, _HALF_WIDTH_M, _HALF_HEIGHT_M],
            # Links differ in height by a hair, so that no two faces lie in one plane.
            pos=[0.0, 0.0, _HALF_HEIGHT_M + 0.0002 * (k % 2)],
            contype=0,
            conaffinity=0,
        )
