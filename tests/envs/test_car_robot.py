"""The car drives as commanded, on its wheels."""

import numpy as np
import pytest

from tests.envs.robot_worlds import act, cars


def test_car_reaches_the_commanded_speed() -> None:
    world, robot = cars(2, np.zeros(4))
    act(world, robot, np.array([[2.0, 0.0], [1.0, 0.0]]), 30)
    assert robot.privileged()["speed"] == pytest.approx([6.0, 3.0], rel=0.03)
    assert robot.motion.acceleration[:, 0] == pytest.approx([2.0, 1.0], rel=0.01)


def test_car_drives_the_commanded_curvature() -> None:
    world, robot = cars(1, np.array([0.0, 10.0, 0.5, 5.0]))
    points = []
    for step in range(60):
        act(world, robot, np.array([[0.0, 0.1]]))
        if step > 15:
            points.append(robot.motion.point[0, :2])
    x = np.array(points)
    fit = np.linalg.lstsq(np.c_[2 * x, np.ones(len(x))], (x**2).sum(axis=1), rcond=None)[0]
    assert np.sqrt(fit[2] + fit[0] ** 2 + fit[1] ** 2) == pytest.approx(10.0, rel=0.05)
    state, motion = robot.privileged(), robot.motion
    assert motion.velocity[0, 2] == pytest.approx(0.1 * state["speed"][0], rel=0.02)
    assert motion.acceleration[0, 1] == pytest.approx(0.1 * state["speed"][0] ** 2, rel=0.03)


def test_brakes_stop_and_never_reverse() -> None:
    world, robot = cars(1, np.array([-40.0, 0.0, 0.0, 8.0]))
    for _ in range(40):
        act(world, robot, np.array([[-4.0, 0.0]]))
        assert robot.privileged()["speed"][0] > -0.01
    assert abs(robot.privileged()["speed"][0]) < 0.005
    assert abs(robot.privileged()["accel"][0]) < 0.05  # the filter says what is done


def test_a_start_at_speed_neither_bounces_nor_brakes() -> None:
    begin = np.array([1.0, 2.0, 2.0, 7.0])
    world, robot = cars(1, begin)
    assert robot.motion.position[0, 3:] == pytest.approx(begin[:2])
    assert robot.privileged()["pose"][0] == pytest.approx(begin[:3])
    height = world.body_pos("car/chassis")[0, 2]
    for _ in range(20):
        act(world, robot, np.zeros((1, 2)))
        assert abs(world.body_pos("car/chassis")[0, 2] - height) < 5e-4
        assert robot.privileged()["speed"][0] == pytest.approx(7.0, rel=0.001)
        assert np.abs(robot.motion.jerk).max() < 0.2
    way = 7.0 * 2.0 * np.array([np.cos(2.0), np.sin(2.0)])
    assert robot.motion.point[0, :2] - begin[:2] == pytest.approx(way, abs=0.02)


def test_car_notices_a_collision() -> None:
    world, robot = cars(2, np.array([[8.0, 0.0, 0.0, 8.0], [8.0, 8.0, 0.0, 8.0]]))
    hit = np.zeros(2, dtype=bool)
    for _ in range(15):
        act(world, robot, np.zeros((2, 2)))
        hit |= robot.collision()
    assert hit.tolist() == [True, False]
