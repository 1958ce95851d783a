"""Knobs: a dial that turns about the vertical, with a bar across it to hold and a white pointer."""

import mujoco

KNOB_BAR_WIDTH_M = 0.014
KNOB_BAR_LENGTH_M = 0.06
KNOB_BAR_TOP_M = 0.055
"""Height of the bar's top above the table; its lower half is the dial's."""

_HOUSING_RADIUS_M = 0.05
_HOUSING_HALF_M = 0.008
_DIAL_RADIUS_M = 0.042
_DIAL_HALF_M = 0.006
_BAR_HALF_HEIGHT_M = 0.0135
_GREY = (0.22, 0.22, 0.24, 1.0)
_WHITE = (0.95, 0.95, 0.95, 1.0)


def add_knob(spec: mujoco.MjSpec, name: str) -> None:
    """Add a knob: the mocap body `name`, the joint "<name>_joint", the geoms "<name>_colour...".

    At angle 0 the bar lies along x and the pointer towards the viewer; positive is anticlockwise
    as seen from above.
    """
    housing = spec.worldbody.add_body(name=name, mocap=True)
    housing.add_geom(
        name=f"{name}_housing",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[_HOUSING_RADIUS_M, _HOUSING_HALF_M, 0.0],
        pos=[0.0, 0.0, _HOUSING_HALF_M],
        rgba=_GREY,
    )
    dial_bottom = 2.0 * _HOUSING_HALF_M
    dial = housing.add_body(name=f"{name}_dial")
    dial.add_joint(
        name=f"{name}_joint",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[0.0, 0.0, 1.0],
        frictionloss=0.03,
        damping=[0.03, 0.0, 0.0],
        armature=0.001,
    )
    dial.add_geom(
        name=f"{name}_colour",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[_DIAL_RADIUS_M, _DIAL_HALF_M, 0.0],
        pos=[0.0, 0.0, dial_bottom + _DIAL_HALF_M],
        mass=0.1,
    )
    dial.add_geom(
        name=f"{name}_colour_bar",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * KNOB_BAR_LENGTH_M, 0.5 * KNOB_BAR_WIDTH_M, _BAR_HALF_HEIGHT_M],
        pos=[0.0, 0.0, KNOB_BAR_TOP_M - _BAR_HALF_HEIGHT_M],
        mass=0.1,
    )
    dial.add_geom(
        name=f"{name}_pointer",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.012, 0.5 * KNOB_BAR_WIDTH_M, 0.5 * (KNOB_BAR_TOP_M - dial_bottom) + 0.001],
        pos=[0.5 * KNOB_BAR_LENGTH_M + 0.012, 0.0, 0.5 * (KNOB_BAR_TOP_M + dial_bottom) + 0.001],
        rgba=_WHITE,
        mass=0.02,
    )
    spec.add_exclude(name=f"{name}_inside", bodyname1=name, bodyname2=f"{name}_dial")
