"""Small scenes that run on both engines, and the two of them side by side."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.bullet.world import BulletWorld
from vla_sim.physics.world import World
from vla_sim.protocols.engine import Engine

Floats = NDArray[np.float64]
ONE = np.arange(1)

SCENE = """
  <worldbody>
    <geom name="floor" type="plane" size="5 5 .1"/>
    <body name="wall" mocap="true" pos="0 1 .1"><geom type="box" size=".1 .1 .1"/></body>
    <body name="box" pos="0 0 .06">
      <freejoint/>
      <inertial mass=".5" pos=".01 -.02 .005" quat=".9 .1 .3 -.2" diaginertia=".002 .003 .004"/>
      <geom name="cube" type="box" size=".05 .05 .05"/>
      <geom name="ball" type="sphere" size=".05"/>
    </body>
    <body name="arm" pos=".5 0 .4" euler="10 20 30">
      <joint name="hinge" axis="0 1 0" pos=".02 0 .01"/>
      <geom name="upper" type="capsule" fromto="0 0 0 .3 0 0" size=".03"/>
      <body name="fore" pos=".3 0 .05" euler="0 40 0">
        <joint name="slide" type="slide" axis="1 0 0" range="-.1 .2" limited="true"/>
        <joint name="swing" axis="0 0 1" pos="0 .01 0"/>
        <geom name="lower" type="cylinder" size=".02 .1" pos="0 0 .1"/>
        <geom name="end" type="box" size=".02 .03 .01" pos="0 0 .2" friction=".3"/>
        <body name="tip" pos="0 0 .25"><geom name="nail" type="sphere" size=".01"/></body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <intvelocity name="servo" joint="hinge" kp="30" kv="2" actrange="-1 1"/>
    <position name="push" joint="slide" kp="200" kv="20" forcerange="-40 40"/>
  </actuator>
  <sensor>
    <contact name="touch" body1="box" num="1" data="found"/>
    <contact name="ground" body1="box" body2="world" num="1" data="found"/>
    <jointpos name="angle" joint="hinge"/>
  </sensor>
"""


def compiled(inside: str, option: str = "") -> mujoco.MjModel:
    """A model with these elements."""
    head = f'<option timestep="0.002" integrator="implicitfast" jacobian="dense" {option}/>'
    return mujoco.MjModel.from_xml_string(f"<mujoco>{head}{inside}</mujoco>")


def both(inside: str, option: str = "") -> tuple[World, BulletWorld]:
    """The same scene on MuJoCo and on Bullet, at the model's defaults."""
    worlds = World(compiled(inside, option), 1), BulletWorld(compiled(inside, option), 1)
    for world in worlds:
        restart(world)
    return worlds


def restart(world: Engine) -> None:
    """The model's defaults everywhere."""
    world.reset(np.arange(world.n))
    world.forward(np.arange(world.n))


def course(world: Engine, n_steps: int, n_substeps: int = 1) -> Floats:
    """(n_steps, nq) of the first simulation, one row after every step."""
    rows = []
    for _ in range(n_steps):
        assert not world.step(n_substeps).any()
        rows.append(world.qpos[0].copy())
    return np.stack(rows)
