"""Car: the numbers of a small passenger car, each with its source, and its model."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import GROUND_CONAFFINITY, GROUND_CONTYPE
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup
from vla_sim.records.manner import Manner, MannerProfile

CONTROL_DT_S = 0.1
TIMESTEP_S = 0.004
N_SUBSTEPS = 25

# M. Althoff, M. Koschi and S. Manzinger, "CommonRoad: composable benchmarks for motion planning
# on roads", IV 2017, vehicle models, parameter set 1 (Ford Escort). Names as there.
_COMMONROAD = "CommonRoad vehicle models, parameter set 1 (Ford Escort)"
MASS_KG = 1225.887847
SPRUNG_MASS_KG = 1094.542720
UNSPRUNG_MASS_KG = 65.672563
"""Per axle: two wheels and their share of the suspension."""
CG_TO_FRONT_M = 0.88392
CG_TO_REAR_M = 1.50876
WHEELBASE_M = CG_TO_FRONT_M + CG_TO_REAR_M
TRACK_FRONT_M = 1.389888
TRACK_REAR_M = 1.423416
LENGTH_M = 4.298
WIDTH_M = 1.674
CG_HEIGHT_M = 0.59436
"""Of the sprung mass."""
ROLL_INERTIA_KG_M2 = 244.047231
PITCH_INERTIA_KG_M2 = 1342.259769
YAW_INERTIA_KG_M2 = 1538.853371
"""Of the whole car; the model's sprung mass has what the wheels' masses leave of it."""
SUSPENSION_N_M = 21898.33
DAMPER_N_S_M = 1459.39
WHEEL_RADIUS_M = 0.344
WHEEL_INERTIA_KG_M2 = 1.7
TYRE_FRICTION = 1.0489
"""Peak lateral friction coefficient (p_dy1), used in all directions."""
MAX_STEER_RAD = 0.910
STEER_RATE_RAD_S = 0.4
TOP_SPEED_M_S = 45.8

GRAVITY_M_S2 = 9.81
MAX_CURVATURE = 0.2
"""Scale of the action [1/m]: a turning circle of 10 m, as small cars have."""
EFFECTIVE_MASS_KG = MASS_KG + 4.0 * WHEEL_INERTIA_KG_M2 / WHEEL_RADIUS_M**2
"""What the torques have to accelerate: the car and its turning wheels."""
CENTRE_TO_REAR_M = 0.5 * WHEELBASE_M
"""From the controlled point, in the middle of the wheelbase, back to the rear axle, whose path
has the commanded curvature."""

# Red lines, derived. Tyres give at most friction times weight. That is reached within 0.12 s, the
# pressure build-up of an electric brake booster; a faster change is a collision.
_GRIP = TYRE_FRICTION * GRAVITY_M_S2
_BUILD_UP_S = 0.12
# Fastest turn: the tightest steering at the speed at which the tyres just hold.
_YAW_RATE = float(np.sqrt(_GRIP * np.tan(MAX_STEER_RAD) / WHEELBASE_M))
# Front and rear tyres all pulling to opposite sides.
_YAW_ACCELERATION = (
    TYRE_FRICTION
    * MASS_KG
    * GRAVITY_M_S2
    * (2.0 * CG_TO_FRONT_M * CG_TO_REAR_M / WHEELBASE_M)
    / YAW_INERTIA_KG_M2
)
_DERIVED = f"derived from tyre friction, steering and mass of the {_COMMONROAD}"

CAR = Embodiment(
    name="ackermann_car",
    control_dt_s=CONTROL_DT_S,
    action=(
        ActionGroup(
            name="acceleration", size=1, unit="m/s^2", order=2, scale=4.0, motion="longitudinal"
        ),
        ActionGroup(
            name="curvature", size=1, unit="1/m", order=0, scale=MAX_CURVATURE, motion=None
        ),
    ),
    motion=(
        MotionGroup(
            name="longitudinal",
            size=1,
            unit="m",
            velocity_limit=TOP_SPEED_M_S,
            acceleration_limit=_GRIP,
            jerk_limit=_GRIP / _BUILD_UP_S,
            source=f"speed: {_COMMONROAD}; derivatives: {_DERIVED}",
        ),
        MotionGroup(
            name="lateral",
            size=1,
            unit="m",
            velocity_limit=CENTRE_TO_REAR_M * _YAW_RATE,
            acceleration_limit=_GRIP,
            jerk_limit=_GRIP / _BUILD_UP_S,
            source=_DERIVED,
        ),
        MotionGroup(
            name="yaw",
            size=1,
            unit="rad",
            velocity_limit=_YAW_RATE,
            acceleration_limit=_YAW_ACCELERATION,
            jerk_limit=_YAW_ACCELERATION / _BUILD_UP_S,
            source=_DERIVED,
        ),
        MotionGroup(
            name="planar",
            size=2,
            unit="m",
            velocity_limit=TOP_SPEED_M_S,
            acceleration_limit=_GRIP,
            jerk_limit=_GRIP / _BUILD_UP_S,
            source=f"speed: {_COMMONROAD}; derivatives: {_DERIVED}",
        ),
    ),
    proprio_names=(
        "x",
        "y",
        "z",
        "cos_yaw",
        "sin_yaw",
        "speed",
        "commanded_acceleration",
        "commanded_curvature",
    ),
    bandwidth_fraction=0.4,
)

CAR_MANNERS: dict[Manner, MannerProfile] = {
    "normal": MannerProfile(
        motion_group="longitudinal",
        velocity=2.8,
        acceleration=1.6,
        jerk=4.0,
        typical_speed_band=(1.6, 3.0),
        peak_acceleration=2.4,
        peak_jerk=8.0,
        still_speed=0.2,
    ),
    "slowly": MannerProfile(
        motion_group="longitudinal",
        velocity=1.9,
        acceleration=1.0,
        jerk=2.5,
        typical_speed_band=(1.0, 2.1),
        peak_acceleration=1.6,
        peak_jerk=6.0,
        still_speed=0.2,
    ),
    "quickly": MannerProfile(
        motion_group="longitudinal",
        velocity=7.0,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(1.6, 7.2),
        peak_acceleration=4.05,
        peak_jerk=12.0,
        still_speed=0.2,
    ),
    "smoothly": MannerProfile(
        motion_group="longitudinal",
        velocity=2.8,
        acceleration=0.9,
        jerk=1.2,
        typical_speed_band=(1.4, 3.0),
        peak_acceleration=1.2,
        peak_jerk=2.0,
        still_speed=0.2,
    ),
    "gently": MannerProfile(
        motion_group="longitudinal",
        velocity=2.2,
        acceleration=0.7,
        jerk=1.0,
        typical_speed_band=(1.1, 2.4),
        peak_acceleration=1.0,
        peak_jerk=1.8,
        still_speed=0.2,
    ),
}
"""For driving some 20 m from rest, around obstacles, and stopping there."""

ROAD_MANNERS: dict[Manner, MannerProfile] = {
    "normal": MannerProfile(
        motion_group="planar",
        velocity=8.0,
        acceleration=2.0,
        jerk=4.0,
        typical_speed_band=(7.0, 9.0),
        peak_acceleration=3.0,
        peak_jerk=8.0,
        still_speed=0.2,
    ),
    "slowly": MannerProfile(
        motion_group="planar",
        velocity=6.0,
        acceleration=1.5,
        jerk=3.0,
        typical_speed_band=(5.0, 7.2),
        peak_acceleration=2.4,
        peak_jerk=6.0,
        still_speed=0.2,
    ),
    "quickly": MannerProfile(
        motion_group="planar",
        velocity=10.5,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(8.8, 11.5),
        peak_acceleration=4.05,
        peak_jerk=12.0,
        still_speed=0.2,
    ),
    "smoothly": MannerProfile(
        motion_group="planar",
        velocity=8.0,
        acceleration=1.0,
        jerk=1.2,
        typical_speed_band=(7.0, 9.0),
        peak_acceleration=1.3,
        peak_jerk=2.4,
        still_speed=0.2,
    ),
    "gently": MannerProfile(
        motion_group="planar",
        velocity=7.0,
        acceleration=0.9,
        jerk=1.0,
        typical_speed_band=(6.0, 8.0),
        peak_acceleration=1.2,
        peak_jerk=2.2,
        still_speed=0.2,
    ),
}
"""For driving along a road at speed: sideways acceleration and jerk count too."""

STREET_MANNERS: dict[Manner, MannerProfile] = {
    "normal": MannerProfile(
        motion_group="longitudinal",
        velocity=4.5,
        acceleration=1.6,
        jerk=4.0,
        typical_speed_band=(3.0, 4.8),
        peak_acceleration=2.4,
        peak_jerk=8.0,
        still_speed=0.2,
    ),
    "slowly": MannerProfile(
        motion_group="longitudinal",
        velocity=3.0,
        acceleration=1.0,
        jerk=2.5,
        typical_speed_band=(2.0, 3.2),
        peak_acceleration=1.6,
        peak_jerk=6.0,
        still_speed=0.2,
    ),
    "quickly": MannerProfile(
        motion_group="longitudinal",
        velocity=7.0,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(3.6, 7.2),
        peak_acceleration=4.05,
        peak_jerk=12.0,
        still_speed=0.2,
    ),
    "smoothly": MannerProfile(
        motion_group="longitudinal",
        velocity=4.5,
        acceleration=0.9,
        jerk=1.2,
        typical_speed_band=(2.4, 4.8),
        peak_acceleration=1.2,
        peak_jerk=2.0,
        still_speed=0.2,
    ),
    "gently": MannerProfile(
        motion_group="longitudinal",
        velocity=3.6,
        acceleration=0.7,
        jerk=1.0,
        typical_speed_band=(2.0, 3.8),
        peak_acceleration=1.0,
        peak_jerk=1.8,
        still_speed=0.2,
    ),
}
"""For driving through bends at the pace of a side street."""

TOWN_MANNERS: dict[Manner, MannerProfile] = {
    "normal": MannerProfile(
        motion_group="planar",
        velocity=5.0,
        acceleration=1.8,
        jerk=4.0,
        typical_speed_band=(2.8, 5.4),
        peak_acceleration=2.7,
        peak_jerk=8.0,
        still_speed=0.2,
    ),
    "slowly": MannerProfile(
        motion_group="planar",
        velocity=3.4,
        acceleration=1.2,
        jerk=3.0,
        typical_speed_band=(1.8, 3.8),
        peak_acceleration=2.0,
        peak_jerk=6.0,
        still_speed=0.2,
    ),
    "quickly": MannerProfile(
        motion_group="planar",
        velocity=7.0,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(3.2, 7.4),
        peak_acceleration=4.05,
        peak_jerk=12.0,
        still_speed=0.2,
    ),
    "smoothly": MannerProfile(
        motion_group="planar",
        velocity=5.0,
        acceleration=0.9,
        jerk=1.2,
        typical_speed_band=(2.2, 5.4),
        peak_acceleration=1.3,
        peak_jerk=2.4,
        still_speed=0.2,
    ),
    "gently": MannerProfile(
        motion_group="planar",
        velocity=4.2,
        acceleration=0.8,
        jerk=1.0,
        typical_speed_band=(2.0, 4.6),
        peak_acceleration=1.1,
        peak_jerk=2.0,
        still_speed=0.2,
    ),
}
"""For driving along a road in town, up to where one has to stop."""

FOLLOWING_MANNERS: dict[Manner, MannerProfile] = {
    "normal": replace(ROAD_MANNERS["normal"], velocity=7.2, typical_speed_band=(3.4, 7.6)),
    "slowly": replace(ROAD_MANNERS["slowly"], typical_speed_band=(3.2, 6.4)),
    "quickly": replace(ROAD_MANNERS["quickly"], typical_speed_band=(3.4, 11.0)),
    "smoothly": replace(ROAD_MANNERS["smoothly"], velocity=7.2, typical_speed_band=(3.4, 7.6)),
    "gently": replace(ROAD_MANNERS["gently"], velocity=6.6, typical_speed_band=(3.4, 7.0)),
}
"""For closing up to somebody slower: how fast it goes most of the time is the leader's affair."""


def car_spec() -> mujoco.MjSpec:
    """The car alone, on its wheels, its middle at the origin."""
    return mujoco.MjSpec.from_file(str(Path(__file__).with_name("car.xml")))


def set_car_physics(spec: mujoco.MjSpec) -> None:
    """Give a scene the physics that the car was tuned with."""
    spec.option.timestep = TIMESTEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    spec.option.enableflags |= int(mujoco.mjtEnableBit.mjENBL_SLEEP)


@cache
def settled_qpos() -> NDArray[np.float64]:
    """Joint positions of a car at rest on its springs, in the order of the model alone.

    Tyres sink in a little and the springs give; a start from here does not bounce.
    """
    spec = car_spec()
    set_car_physics(spec)
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[10.0, 10.0, 1.0],
        contype=GROUND_CONTYPE,
        conaffinity=GROUND_CONAFFINITY,
    )
    model = spec.compile()
    data = mujoco.MjData(model)
    for _ in range(round(6.0 / TIMESTEP_S)):
        mujoco.mj_step(model, data)
        # Kept from rolling: only heave and pitch settle.
        data.qvel[:2] = 0.0
    settled = np.array(data.qpos)
    settled.flags.writeable = False
    return settled
