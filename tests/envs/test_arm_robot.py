"""Robots do what is commanded, keep their limits, and do not notice their neighbours."""

import mujoco
import numpy as np
import pytest

from tests.envs.robot_worlds import HALF_HEIGHT_M, Floats, Robot, act, add_thing, arms, cars, start
from vla_sim.agents.experts.yaw_servo import YawServo
from vla_sim.assets import panda
from vla_sim.assets.arenas import table_scene
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.robots.panda import PandaRobot
from vla_sim.errors import BadConfig
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.physics.world import World


def twist(n: int, linear: Floats, grip: float = 1.0) -> Floats:
    action = np.zeros((n, 7))
    action[:, :3], action[:, 6] = linear, grip
    return action


HOME = np.array([0.45, 0.0, 0.30])


def test_arm_moves_as_far_as_commanded() -> None:
    world, robot = arms(6, HOME)
    directions = np.vstack([np.eye(3), -np.eye(3)])
    begin = robot.motion.point
    act(world, robot, twist(6, 0.15 * directions), 20)
    act(world, robot, twist(6, np.zeros(3)), 4)
    assert np.abs(robot.motion.point - begin - 0.15 * directions).max() < 0.003
    assert np.abs(robot.motion.position[:, 10:]).max() < 0.01  # still straight down
    assert np.abs(robot.motion.velocity[:, 7:10]).max() < 0.01


def test_arm_turns_as_far_as_commanded() -> None:
    world, robot = arms(1, HOME)
    action = np.zeros((1, 7))
    action[0, 5] = 0.4
    act(world, robot, action, 20)
    act(world, robot, np.zeros((1, 7)), 4)
    assert np.allclose(robot.motion.position[0, 10:], [0.0, 0.0, 0.4], atol=0.01)
    assert np.abs(robot.motion.point - HOME).max() < 0.002


def turns(from_rad: float, to_rad: float) -> list[float]:
    """Rates [rad/s] of an expert's fastest turn, one a control step."""
    servo = YawServo(np.array([from_rad]), np.zeros(1), panda.CONTROL_DT_S)
    servo.aim(np.array([to_rad]), np.zeros(1, dtype=np.int64))
    return [float(servo.advance()[0]) for _ in range(60)] + [0.0, 0.0]


def test_arm_turns_as_far_as_a_knob_needs_within_its_limits() -> None:
    places = np.array([[0.38, -0.2, 0.06], [0.38, 0.2, 0.3], [0.62, -0.2, 0.3], [0.62, 0.2, 0.06]])
    n, turn = len(places), panda.YAW_RANGE_RAD
    world, robot = arms(n, places)
    gain = low_pass_gain(panda.PANDA.bandwidth_fraction, panda.CONTROL_DT_S)
    lower, upper = np.array(panda.JOINT_LOWER_RAD), np.array(panda.JOINT_UPPER_RAD)
    rate = np.zeros(1)
    for begin, end in ((0.0, turn), (turn, -turn)):
        for wanted in turns(begin, end):
            action = twist(n, np.zeros(3))
            action[:, 5] = input_for(rate, np.array([wanted]), gain)
            rate[:] = wanted
            act(world, robot, action)
            motion, state = robot.motion, robot.privileged()
            assert (np.abs(motion.acceleration[:, :7]) <= panda.JOINT_ACCELERATION_RAD_S2).all()
            assert (np.abs(motion.velocity[:, :7]) <= panda.JOINT_VELOCITY_RAD_S).all()
            assert (motion.position[:, :7] > lower + 0.1).all()
            assert (motion.position[:, :7] < upper - 0.1).all()
            assert np.abs(motion.point - places).max() < 0.001
            assert np.abs(motion.position[:, 12] - state["tcp_yaw"]).max() < 0.001
            assert state["tcp_yaw_rate"] == pytest.approx(wanted, abs=1e-6)
        assert state["tcp_yaw"] == pytest.approx(end, abs=0.002)


def test_arm_says_where_its_tool_points() -> None:
    world, robot = arms(2, HOME)
    action = twist(2, np.array([0.1, 0.0, 0.0]))
    action[1, 5] = 0.4
    act(world, robot, action, 10)
    state, proprio = robot.privileged(), robot.proprio()
    assert (state["tcp_yaw"][0], state["tcp_yaw_rate"][0], state["tcp_yaw_acc"][0]) == (0, 0, 0)
    assert proprio[0, 3:5].tolist() == [1.0, 0.0]
    assert state["tcp_yaw"][1] == pytest.approx(0.4 * 10 * 0.05, abs=0.02)
    assert proprio[1, 3:5] == pytest.approx(
        [np.cos(state["tcp_yaw"][1]), np.sin(state["tcp_yaw"][1])]
    )
    before = state["tcp_yaw_rate"][1]
    act(world, robot, np.zeros((2, 7)))
    state = robot.privileged()
    assert state["tcp_yaw_acc"][1] == pytest.approx((state["tcp_yaw_rate"][1] - before) / 0.05)


def test_arm_keeps_limits_and_workspace_whatever_is_commanded() -> None:
    n = 12
    world, robot = arms(n, HOME)
    rng = np.random.default_rng(3)
    limits = np.array(panda.JOINT_ACCELERATION_RAD_S2), np.array(panda.JOINT_VELOCITY_RAD_S)
    low, high = np.array(panda.WORKSPACE_LOWER_M), np.array(panda.WORKSPACE_UPPER_M)
    for _ in range(20):
        action = twist(n, rng.uniform(-0.4, 0.4, (n, 3)))
        for _ in range(8):
            act(world, robot, action)
            motion = robot.motion
            assert (np.abs(motion.acceleration[:, :7]) <= limits[0]).all()
            assert (np.abs(motion.velocity[:, :7]) <= limits[1]).all()
            assert (motion.point > low - 0.005).all()
            assert (motion.point < high + 0.005).all()
            assert not robot.collision().any()
            assert robot.tracking_error() < 0.01
    assert np.abs(motion.position[:, 10:]).max() < 0.03


def test_arm_reports_the_filter_that_it_obeys() -> None:
    world, robot = arms(1, HOME)
    alpha = 1.0 - np.exp(-0.4 * np.pi)
    filtered = 0.0
    for _ in range(4):
        act(world, robot, twist(1, np.array([0.08, 0.0, 0.0])))
        before, filtered = filtered, filtered + alpha * (0.08 - filtered)
        state = robot.privileged()
        assert state["tcp_vel"][0, 0] == pytest.approx(filtered, rel=1e-9)
        assert state["tcp_acc"][0, 0] == pytest.approx((filtered - before) / 0.05, rel=1e-9)
        assert robot.proprio()[0, 5] == pytest.approx(filtered, rel=1e-6)


def test_a_blocked_arm_waits_and_comes_back() -> None:
    robot, spec = PandaRobot(), table_scene()
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.1, 0.1, 0.1], pos=[0.45, 0.0, 0.1]
    )
    robot.attach_to(spec)
    world = World(spec.compile(), 1)
    robot.bind(world)
    start(world, robot, robot.joints_for(HOME[None]))
    act(world, robot, twist(1, np.array([0.0, 0.0, -0.2])), 30)
    assert robot.collision().all()
    assert robot.motion.point[0, 2] > 0.19
    act(world, robot, twist(1, np.array([0.0, 0.0, 0.2])), 10)
    assert not robot.collision().any()
    assert robot.motion.point[0, 2] > 0.24


def test_gripper_opens_and_closes_at_its_published_speed() -> None:
    world, robot = arms(1, HOME)
    assert robot.privileged()["gripper_width"][0] == pytest.approx(panda.GRIPPER_STROKE_M)
    act(world, robot, twist(1, np.zeros(3), grip=-1.0), 10)
    half_way = panda.GRIPPER_STROKE_M - panda.GRIPPER_SPEED_M_S * 0.5
    assert robot.privileged()["gripper_width"][0] == pytest.approx(half_way, abs=0.006)
    act(world, robot, twist(1, np.zeros(3), grip=-1.0), 10)
    assert robot.privileged()["gripper_width"][0] < 0.002
    assert not robot.collision().any()
    act(world, robot, twist(1, np.zeros(3), grip=1.0), 20)
    assert robot.privileged()["gripper_width"][0] > 0.078


@pytest.mark.parametrize("shape", sorted(HALF_HEIGHT_M))
def test_a_closed_gripper_lifts_and_holds(shape: str) -> None:
    n, half = 40, HALF_HEIGHT_M[shape]
    rng = np.random.default_rng(0)
    place = np.c_[rng.uniform(0.38, 0.60, n), rng.uniform(-0.2, 0.2, n), np.full(n, half)]
    grasp = place + rng.uniform((-0.01, -0.01, -0.004), 0.01, (n, 3))
    robot, spec = PandaRobot(), table_scene()
    add_thing(spec, shape)
    robot.attach_to(spec)
    world, yaw = World(spec.compile(), n), rng.uniform(-0.25, 0.25, n)
    robot.bind(world)
    ids = np.arange(n)
    world.reset(ids)
    robot.reset(ids, robot.joints_for(grasp))
    joint = int(world.model.jnt_qposadr[world.model.body("thing").jntadr[0]])
    world.qpos[:, joint : joint + 3] = place
    world.qpos[:, joint + 3], world.qpos[:, joint + 6] = np.cos(yaw / 2), np.sin(yaw / 2)
    world.forward(ids)
    robot.after_step(ids)
    act(world, robot, twist(n, np.zeros(3), grip=-1.0), 16)
    act(world, robot, twist(n, np.array([0.0, 0.0, 0.2]), grip=-1.0), 15)
    act(world, robot, twist(n, np.zeros(3), grip=-1.0), 10)
    assert not robot.collision().any()
    raised = world.body_pos("thing")[:, 2] - half
    assert (raised > 0.13).mean() >= 0.98


def test_joints_for_is_exact_and_says_what_it_cannot_reach() -> None:
    robot = PandaRobot()
    rng = np.random.default_rng(5)
    places = rng.uniform((0.36, -0.24, 0.03), (0.60, 0.24, 0.32), (200, 3))
    pos, mat = panda.panda_chain().pose(robot.joints_for(places))
    assert np.abs(pos - places).max() < 1e-7
    assert np.abs(mat - np.diag([1.0, -1.0, -1.0])).max() < 1e-7
    with pytest.raises(BadConfig, match="cannot reach"):
        robot.joints_for(np.array([[2.0, 0.0, 0.2]]))


@pytest.mark.parametrize("kind", ["panda", "car"])
def test_robots_do_not_notice_their_neighbours(kind: str) -> None:
    def play(n: int, slot: int) -> list[Floats]:
        world: World
        robot: Robot
        if kind == "panda":
            world, robot = arms(n, HOME, shape="cube")
            begin = robot.joints_for(np.array([[0.5, 0.1, 0.2]]))
        else:
            world, robot = cars(n, np.zeros(4))
            begin = np.array([[1.0, 2.0, 0.3, 4.0]])
        noise = np.random.default_rng(slot)
        scale = robot.embodiment.action_scale
        act(world, robot, noise.uniform(-1, 1, (n, len(scale))) * scale, 3)
        start(world, robot, begin, np.array([slot]))  # a used slot, refilled
        mine, seen = np.random.default_rng(9), []
        for _ in range(20):
            action = noise.uniform(-1, 1, (n, len(scale))) * scale
            action[slot] = mine.uniform(-0.5, 0.5, len(scale)) * scale
            act(world, robot, action)
            motion = robot.motion
            row = [motion.position, motion.velocity, motion.acceleration, motion.jerk]
            seen.append(np.concatenate([part[slot] for part in row] + [robot.proprio()[slot]]))
        return seen

    alone = play(1, 0)
    for n, slot in ((7, 3), (16, 15)):
        assert np.array_equal(play(n, slot), alone)


@pytest.mark.parametrize("robot", [PandaRobot(), CarRobot()])
def test_what_is_reported_has_the_embodiments_shape(robot: Robot) -> None:
    spec = table_scene()
    robot.attach_to(spec)
    world = World(spec.compile(), 2)
    robot.bind(world)
    start(
        world,
        robot,
        np.tile(panda.HOME_Q_RAD if isinstance(robot, PandaRobot) else [0.0] * 4, (2, 1)),
    )
    emb, motion = robot.embodiment, robot.motion
    for part in (motion.position, motion.velocity, motion.acceleration, motion.jerk):
        assert part.shape == (2, emb.n_motion)
    assert motion.point.shape == (2, 3)
    assert robot.proprio().shape == (2, emb.n_proprio)
    assert robot.proprio().dtype == np.float32
    assert robot.collision().shape == (2,)
    assert robot.n_substeps * world.timestep_s == pytest.approx(emb.control_dt_s)
    assert all(value.dtype == np.float64 for value in robot.privileged().values())
