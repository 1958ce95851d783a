"""Drawers: each in its own box, made to stand side by side as one cabinet that opens along +x.

A bar across the front, on two posts, is the handle: closed fingers fit behind it from above. All
is so low that the palm passes over it while the fingertips are behind the bar.
"""

import mujoco

DRAWER_PITCH_M = 0.115
"""From the middle of a drawer to that of its neighbour, along y."""
DRAWER_TRAVEL_M = 0.17
GAP_M = (0.012, 0.062)
"""Where the room behind a handle's bar begins and ends, from the cabinet's face."""
BAR_M = (0.062, 0.074)
"""Where the bar begins and ends."""
BAR_TOP_M = 0.054

_BOX_HALF_M = (0.11, 0.5 * DRAWER_PITCH_M, 0.031)
_FRONT_HALF_M = (0.006, 0.0535, 0.027)
_TRAY_HALF_M = (0.095, 0.047, 0.02)
_BAR_HALF_M = (0.006, 0.050, 0.011)
_POST_HALF_M = (0.025, 0.005, 0.008)
_WOOD = (0.62, 0.53, 0.42, 1.0)
_FRONT = (0.80, 0.75, 0.66, 1.0)
_INSIDE = (0.30, 0.26, 0.22, 1.0)


def add_drawer(spec: mujoco.MjSpec, name: str) -> None:
    """Add a drawer in its box: the mocap body `name`, its origin on the table under the face.

    The joint is "<name>_joint", 0 closed; what carries the drawer's colour is "<name>_colour...".
    """
    box = spec.worldbody.add_body(name=name, mocap=True)
    box.add_geom(
        name=f"{name}_box",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=_BOX_HALF_M,
        pos=[-_BOX_HALF_M[0], 0.0, _BOX_HALF_M[2]],
        rgba=_WOOD,
    )
    drawer = box.add_body(name=f"{name}_drawer")
    drawer.add_joint(
        name=f"{name}_joint",
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[1.0, 0.0, 0.0],
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=[0.0, DRAWER_TRAVEL_M],
        frictionloss=0.6,
        damping=[5.0, 0.0, 0.0],
    )
    bar_z = BAR_TOP_M - _BAR_HALF_M[2]
    for part, half, pos, rgba in (
        ("front", _FRONT_HALF_M, (0.006, 0.0, 0.031), _FRONT),
        ("tray", _TRAY_HALF_M, (-_TRAY_HALF_M[0], 0.0, 0.03), _INSIDE),
        ("colour", _BAR_HALF_M, (0.5 * sum(BAR_M), 0.0, bar_z), _FRONT),
        ("colour_left", _POST_HALF_M, (0.5 * sum(GAP_M), 0.045, bar_z), _FRONT),
        ("colour_right", _POST_HALF_M, (0.5 * sum(GAP_M), -0.045, bar_z), _FRONT),
    ):
        drawer.add_geom(
            name=f"{name}_{part}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=half,
            pos=pos,
            rgba=rgba,
            mass=0.06,
        )
    spec.add_exclude(name=f"{name}_inside", bodyname1=name, bodyname2=f"{name}_drawer")
