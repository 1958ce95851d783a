"""The compiled arm says the published numbers."""

import mujoco
import numpy as np
import pytest

from vla_sim.assets import ROBOTS, panda
from vla_sim.assets.arenas import table_scene
from vla_sim.records.manner import MANNERS


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return panda.panda_spec().compile()


def test_masses_and_limits(model: mujoco.MjModel) -> None:
    for i in range(7):
        assert model.body(f"link{i + 1}").mass[0] == pytest.approx(panda.LINK_MASS_KG[i])
        joint = model.joint(f"joint{i + 1}")
        assert joint.range == pytest.approx((panda.JOINT_LOWER_RAD[i], panda.JOINT_UPPER_RAD[i]))
        torque = model.jnt_actfrcrange[joint.id]
        assert torque == pytest.approx((-panda.JOINT_TORQUE_NM[i], panda.JOINT_TORQUE_NM[i]))
        held = model.actuator(f"joint{i + 1}_angle")
        assert model.actuator_actrange[held.id] == pytest.approx(joint.range)
        group = panda.PANDA.motion_group(f"joint{i + 1}")
        assert (group.position_lower, group.position_upper) == pytest.approx(joint.range)
    assert model.body("hand").mass[0] == pytest.approx(panda.HAND_MASS_KG)
    for finger in ("finger1", "finger2"):
        force = model.actuator_forcerange[model.actuator(finger).id]
        assert force == pytest.approx((-panda.GRIPPER_FORCE_N, panda.GRIPPER_FORCE_N))


def test_gravity_is_borne_by_the_arm_itself(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[:7] = panda.HOME_Q_RAD
    mujoco.mj_forward(model, data)
    assert np.abs(data.qfrc_passive[:7] - data.qfrc_bias[:7]).max() < 1e-9


def test_home_is_where_it_is_said_to_be(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    data.qpos[:7] = panda.HOME_Q_RAD
    mujoco.mj_forward(model, data)
    assert data.site("tcp").xpos == pytest.approx((0.45, 0.0, 0.30), abs=1e-6)
    assert data.site("tcp").xmat == pytest.approx(np.diag([1.0, -1.0, -1.0]).ravel(), abs=1e-6)
    assert data.ncon == 0


def test_rates_fit_each_other() -> None:
    assert pytest.approx(panda.CONTROL_DT_S) == panda.N_SUBSTEPS * panda.TIMESTEP_S
    assert panda.TIMESTEP_S <= 0.004


def test_every_geom_can_be_drawn_without_meshes() -> None:
    spec = table_scene()
    spec.attach(panda.panda_spec(), prefix="panda/", frame=spec.worldbody.add_frame())
    model = spec.compile()
    drawable = {
        int(mujoco.mjtGeom.mjGEOM_PLANE),
        int(mujoco.mjtGeom.mjGEOM_BOX),
        int(mujoco.mjtGeom.mjGEOM_SPHERE),
        int(mujoco.mjtGeom.mjGEOM_CAPSULE),
        int(mujoco.mjtGeom.mjGEOM_CYLINDER),
    }
    assert {int(kind) for kind in model.geom_type} <= drawable


def test_manners_are_ordered() -> None:
    manners = panda.PANDA_MANNERS
    assert set(manners) == set(MANNERS)
    slow, normal, quick = (manners[m] for m in ("slowly", "normal", "quickly"))
    assert slow.velocity < normal.velocity < quick.velocity
    assert slow.typical_speed_band[1] <= normal.typical_speed_band[0]
    assert manners["smoothly"].peak_jerk < slow.peak_jerk
    for profile in manners.values():
        assert profile.velocity <= profile.typical_speed_band[1]
        assert profile.acceleration < profile.peak_acceleration
        assert profile.motion_group in {group.name for group in panda.PANDA.motion}


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_every_robot(name: str) -> None:
    embodiment = ROBOTS[name]
    assert embodiment.name == name
    assert embodiment.proprio_names[3:5] == ("cos_yaw", "sin_yaw")
    groups = {group.name for group in embodiment.motion}
    for action in embodiment.action:
        assert action.motion is None or action.motion in groups
        assert action.scale > 0
    for group in embodiment.motion:
        assert group.source
        assert min(group.velocity_limit, group.acceleration_limit, group.jerk_limit) > 0
