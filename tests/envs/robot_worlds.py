"""Worlds with a robot in each, and a few turns of it."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import drive_arena, table_scene
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.robots.panda import PandaRobot
from vla_sim.physics.world import World

Floats = NDArray[np.float64]
Robot = PandaRobot | CarRobot
HALF_HEIGHT_M = {"cube": 0.022, "ball": 0.025, "cylinder": 0.03}


def add_thing(spec: mujoco.MjSpec, shape: str) -> None:
    """A loose object of 0.1 kg under the name "thing"."""
    half = HALF_HEIGHT_M[shape]
    kind, size = {
        "cube": (mujoco.mjtGeom.mjGEOM_BOX, [half] * 3),
        "ball": (mujoco.mjtGeom.mjGEOM_SPHERE, [half, 0, 0]),
        "cylinder": (mujoco.mjtGeom.mjGEOM_CYLINDER, [0.02, half, 0]),
    }[shape]
    body = spec.worldbody.add_body(name="thing")
    body.add_freejoint()
    body.add_geom(type=kind, size=size, mass=0.1, condim=6, friction=[1.0, 0.02, 0.002])


def arms(n: int, tcp: Floats, shape: str = "") -> tuple[World, PandaRobot]:
    robot, spec = PandaRobot(), table_scene()
    if shape:
        add_thing(spec, shape)
    robot.attach_to(spec)
    world = World(spec.compile(), n)
    robot.bind(world)
    start(world, robot, robot.joints_for(np.broadcast_to(tcp, (n, 3))))
    return world, robot


def cars(n: int, begin: Floats) -> tuple[World, CarRobot]:
    robot, spec = CarRobot(), drive_arena(60.0)
    post = spec.worldbody.add_body(name="post", pos=[20.0, 0.0, 0.5])
    post.add_geom(type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[0.5, 0.5, 0.0])
    robot.attach_to(spec)
    world = World(spec.compile(), n)
    robot.bind(world)
    start(world, robot, np.broadcast_to(begin, (n, 4)))
    return world, robot


def start(world: World, robot: Robot, begin: Floats, ids: NDArray[np.int64] | None = None) -> None:
    ids = np.arange(world.n) if ids is None else ids
    world.reset(ids)
    robot.reset(ids, begin)
    world.forward(ids)
    robot.after_step(ids)


def act(world: World, robot: Robot, action: Floats, n_steps: int = 1) -> None:
    for _ in range(n_steps):
        robot.command(action)
        assert not world.step(robot.n_substeps).any()
        robot.after_step()
