"""A simulation's own physics: factors do what their names say, and a reset takes them back."""

import mujoco
import numpy as np
import pytest

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.engines import ENGINES, make_engine
from vla_sim.physics.world import World
from vla_sim.records.dynamics import NOMINAL, Dynamics

SLIDER = """
<mujoco><option timestep="0.002" gravity="0 0 0" jacobian="dense"/><worldbody>
  <body name="cart"><joint name="x" type="slide" axis="1 0 0"/>
    <geom type="box" size=".1 .1 .1" mass="2"/></body>
</worldbody><actuator><motor joint="x" gear="1"/></actuator></mujoco>
"""
SLIDING = """
<mujoco><option timestep="0.002" jacobian="dense" cone="elliptic"/><worldbody>
  <geom type="plane" size="5 5 1"/>
  <body name="brick" pos="0 0 .0499"><freejoint/>
    <geom type="box" size=".1 .1 .05" mass="1" friction=".4 0 0"/></body>
</worldbody></mujoco>
"""


def speeds(world: World, column: int, n_steps: int) -> np.ndarray:
    world.forward(np.arange(world.n))
    world.step(n_steps)
    return world.qvel[:, column].copy()


def test_force_is_mass_times_acceleration() -> None:
    world = World(mujoco.MjModel.from_xml_string(SLIDER), 3)
    world.reset(np.arange(3))
    world.set_dynamics(np.array([1]), Dynamics(mass_scale=2.0))
    world.set_dynamics(np.array([2]), Dynamics(gain_scale=3.0))
    world.ctrl[:] = 4.0
    expected = 4.0 / 2.0 * 0.02 * np.array([1.0, 0.5, 3.0])
    np.testing.assert_allclose(speeds(world, 0, 10), expected, rtol=1e-9)


def test_friction_stops_what_slides() -> None:
    world = World(mujoco.MjModel.from_xml_string(SLIDING), 2)
    world.reset(np.arange(2))
    world.set_dynamics(np.array([1]), Dynamics(friction_scale=0.5))
    world.qvel[:, 0] = 2.0
    lost = 2.0 - speeds(world, 0, 100)
    # The plane keeps MuJoCo's default of 1, so the pair's friction is the plane's, scaled too.
    assert lost[1] / lost[0] == pytest.approx(0.5, rel=0.1)


def test_a_reset_gives_back_the_models_own_bits() -> None:
    model = mujoco.MjModel.from_xml_string(SLIDING)
    fresh, used = World(model, 2), World(model, 2)
    used.set_dynamics(np.arange(2), Dynamics(mass_scale=1.7, friction_scale=0.3, gain_scale=2.0))
    used.step(5)
    ends = []
    for world in (fresh, used):
        world.reset(np.arange(2))
        world.qvel[:, 0] = 2.0
        world.qvel[:, 4] = 1.0
        speeds(world, 0, 50)
        ends.append(world.qpos.copy())
    np.testing.assert_array_equal(ends[0], ends[1])


def test_nominal_dynamics_change_no_bit() -> None:
    world = World(mujoco.MjModel.from_xml_string(SLIDING), 2)
    world.reset(np.arange(2))
    world.set_dynamics(np.array([1]), NOMINAL)
    world.qvel[:, 0] = 2.0
    speeds(world, 0, 50)
    np.testing.assert_array_equal(world.qpos[0], world.qpos[1])


def test_scales_are_positive() -> None:
    with pytest.raises(BadConfig, match="must be positive"):
        Dynamics(mass_scale=0.0)


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_lets_things_fall(name: str) -> None:
    model = mujoco.MjModel.from_xml_string(SLIDING.replace("0 0 .0499", "0 0 9"))
    engine = make_engine(name, model, 1)
    engine.reset(np.arange(1))
    engine.forward(np.arange(1))
    engine.step(round(0.5 / engine.timestep_s))
    assert engine.qpos[0, 2] == pytest.approx(9.0 - 0.5 * 9.81 * 0.25, abs=0.01)


def test_an_unknown_engine_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownName, match="no engine 'ode'; there are 'mujoco'"):
        make_engine("ode", mujoco.MjModel.from_xml_string(SLIDER), 1)
