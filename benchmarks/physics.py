"""What the worlds cost and how well the robots follow: `python benchmarks/physics.py`.

CPU time of this process on one thread, median over repeats, no environment around the physics.
"""

import time
from collections.abc import Callable
from functools import partial

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import drive_arena, table_scene
from vla_sim.assets.props import SHAPES, add_object
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.robots.panda import PandaRobot
from vla_sim.physics.world import World

N = 64
N_OBJECTS = 3
REPEATS = 15

Floats = NDArray[np.float64]


def cpu_us(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median CPU time of one call [us], after one call to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times)) * 1e6


def arm_world(n: int, *, sleep: bool, n_objects: int = N_OBJECTS) -> tuple[World, PandaRobot]:
    """Arms at home, objects at rest on the table."""
    robot, spec = PandaRobot(), table_scene()
    for k in range(n_objects):
        add_object(spec, f"object_{k}", free=True)
    robot.attach_to(spec)
    if not sleep:
        spec.option.enableflags &= ~int(mujoco.mjtEnableBit.mjENBL_SLEEP)
    world = World(spec.compile(), n)
    robot.bind(world)
    ids = np.arange(n)
    world.reset(ids)
    robot.reset(ids, np.repeat(robot.joints_for(np.array([[0.45, 0.0, 0.3]])), n, axis=0))
    for k in range(n_objects):
        geoms = np.array([world.model.geom(f"object_{k}_{s}").id for s in SHAPES])
        world.set_collidable(ids, geoms, np.tile([True, False, False], (n, 1)))
        start = int(world.model.jnt_qposadr[world.model.body(f"object_{k}").jntadr[0]])
        world.qpos[:, start : start + 3] = [0.4 + 0.1 * k, 0.15, 0.022]
    world.forward(ids)
    robot.after_step(ids)
    return world, robot


def car_world(n: int) -> tuple[World, CarRobot]:
    """Cars at 6 m/s in an empty arena."""
    robot, spec = CarRobot(), drive_arena(60.0)
    robot.attach_to(spec)
    world = World(spec.compile(), n)
    robot.bind(world)
    ids = np.arange(n)
    world.reset(ids)
    robot.reset(ids, np.tile([0.0, 0.0, 0.0, 6.0], (n, 1)))
    world.forward(ids)
    robot.after_step(ids)
    return world, robot


def arm_costs() -> None:
    """Substep, control step and controller, with and without sleep."""
    rng = np.random.default_rng(0)
    for sleep in (True, False):
        world, robot = arm_world(N, sleep=sleep)
        action = np.zeros((N, 7))
        action[:, :3] = rng.uniform(-0.05, 0.05, (N, 3))
        action[:, 6] = 1.0
        for _ in range(20):  # the objects come to rest
            robot.command(action)
            world.step(robot.n_substeps)
            robot.after_step()
            action[:, :3] *= -1.0
        step = cpu_us(partial(world.step, robot.n_substeps)) / N
        raw = (
            cpu_us(
                partial(
                    world.batch.step,
                    nstep=robot.n_substeps,
                    stage=int(mujoco.mjtStage.mjSTAGE_VEL),
                )
            )
            / N
        )
        print(
            f"arm, {N_OBJECTS} objects at rest, sleep {'on' if sleep else 'off'}:"
            f" {step:.1f} us a control step, {step / robot.n_substeps:.2f} us a substep;"
            f" {1e6 / step:,.0f} control steps/s; share of the raw batch's rate {raw / step:.2f}"
        )
        if sleep:
            command = cpu_us(partial(robot.command, action)) / N
            measure = cpu_us(robot.after_step) / N
            print(
                f"arm: resolved rates {command:.2f} us, measuring {measure:.2f} us a control step"
            )
    places = rng.uniform((0.36, -0.24, 0.05), (0.64, 0.24, 0.32), (N, 3))
    print(f"arm: inverse kinematics {cpu_us(lambda: robot.joints_for(places)) / N:.1f} us a place")


def car_costs() -> None:
    """Substep, control step and controller."""
    world, robot = car_world(N)
    action = np.tile([0.0, 0.05], (N, 1))
    robot.command(action)
    step = cpu_us(lambda: world.step(robot.n_substeps)) / N
    command = cpu_us(lambda: robot.command(action)) / N
    measure = cpu_us(lambda: robot.after_step()) / N
    print(
        f"car: {step:.1f} us a control step, {step / robot.n_substeps:.2f} us a substep;"
        f" controller {command:.2f} us, measuring {measure:.2f} us"
    )


def arm_tracking() -> None:
    """How far the tool is from where the filtered command would have brought it."""
    n = 16
    world, robot = arm_world(n, sleep=True, n_objects=0)
    rng = np.random.default_rng(1)
    commanded = robot.privileged()["tcp_pos"]
    worst_lag, worst_joint = 0.0, 0.0
    action = np.zeros((n, 7))
    action[:, 6] = 1.0
    for step in range(100):
        if step % 10 == 0:
            action[:, :3] = rng.uniform(-0.35, 0.35, (n, 3)) * (1.0 if step % 20 == 0 else 0.0)
        robot.command(action)
        world.step(robot.n_substeps)
        robot.after_step()
        state = robot.privileged()
        commanded += state["tcp_vel"] * robot.embodiment.control_dt_s
        worst_lag = max(worst_lag, float(np.abs(state["tcp_pos"] - commanded).max()))
        worst_joint = max(worst_joint, robot.tracking_error())
    print(
        f"arm: tool within {1e3 * worst_lag:.2f} mm of the integrated command over 5 s,"
        f" joints within {1e3 * worst_joint:.2f} mrad of their references"
    )


def car_tracking() -> None:
    """Speed after a commanded acceleration, radius under a commanded curvature."""
    world, robot = car_world(2)
    action = np.array([[2.0, 0.0], [0.0, 0.1]])
    start = robot.privileged()["speed"][0]
    points = []
    for _ in range(40):
        robot.command(action)
        world.step(robot.n_substeps)
        robot.after_step()
        points.append(robot.motion.point[1, :2])
    gained = robot.privileged()["speed"][0] - start
    x = np.array(points[15:])
    fit = np.linalg.lstsq(np.c_[2 * x, np.ones(len(x))], (x**2).sum(axis=1), rcond=None)[0]
    radius = float(np.sqrt(fit[2] + fit[0] ** 2 + fit[1] ** 2))
    print(
        f"car: {gained:.3f} m/s after 4 s at 2 m/s^2; radius {radius:.2f} m for curvature 0.1 1/m"
    )


if __name__ == "__main__":
    arm_costs()
    car_costs()
    arm_tracking()
    car_tracking()
