"""Car: the numbers of a small passenger car, each with its source, and its model."""

from functools import cache
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import GROUND_CONAFFINITY, GROUND_CONTYPE
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup

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
            name="acceleration",
            size=1,
            unit="m/s^2",
            order=2,
            scale=4.0,
            motion="longitudinal",
            held="commanded_acceleration",
        ),
        ActionGroup(
            name="curvature",
            size=1,
            unit="1/m",
            order=0,
            scale=MAX_CURVATURE,
            motion=None,
            held="commanded_curvature",
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
    speed="speed",
    comfort_acceleration=2.40,  # nuPlan's bounds, see `eval.comfort.CarComfort`
    comfort_jerk=4.13,
)


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
