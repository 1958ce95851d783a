"""Push buttons: a housing that stands where a scene puts it, and a cap that springs back."""

import mujoco

BUTTON_TRAVEL_M = 0.012
"""How far a cap goes down."""
BUTTON_TOP_M = 0.05
"""Height of a cap's top above the table while nobody presses."""

_HOUSING_HALF_M = (0.032, 0.032, 0.014)
_CAP_RADIUS_M = 0.023
_CAP_HALF_M = 0.013
_STIFFNESS_N_M = 250.0
_PRELOAD_M = 0.004
_GREY = (0.22, 0.22, 0.24, 1.0)


def add_button(spec: mujoco.MjSpec, name: str) -> None:
    """Add a button: the mocap body `name`, the joint "<name>_joint", the geom "<name>_colour"."""
    housing = spec.worldbody.add_body(name=name, mocap=True)
    housing.add_geom(
        name=f"{name}_housing",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=_HOUSING_HALF_M,
        pos=[0.0, 0.0, _HOUSING_HALF_M[2]],
        rgba=_GREY,
    )
    cap = housing.add_body(name=f"{name}_cap", pos=[0.0, 0.0, BUTTON_TOP_M - _CAP_HALF_M])
    cap.add_joint(
        name=f"{name}_joint",
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[0.0, 0.0, 1.0],
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        range=[-BUTTON_TRAVEL_M, 0.0],
        stiffness=[_STIFFNESS_N_M, 0.0, 0.0],
        springref=_PRELOAD_M,
        damping=[6.0, 0.0, 0.0],
    )
    cap.add_geom(
        name=f"{name}_colour",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[_CAP_RADIUS_M, _CAP_HALF_M, 0.0],
        mass=0.05,
    )
    spec.add_exclude(name=f"{name}_inside", bodyname1=name, bodyname2=f"{name}_cap")
