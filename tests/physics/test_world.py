"""Laws of World: one simulation's physics is its own, whatever runs beside or ran before it."""

from pathlib import Path

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.world import World

Floats = NDArray[np.float64]

SCENE = """
<mujoco>
  <option timestep="0.003" integrator="implicitfast" jacobian="{jacobian}" cone="elliptic"
      impratio="10">
    <flag sleep="enable"/>
  </option>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 .1"/>
    <body name="wall" mocap="true" pos="0 1 .1"><geom type="box" size=".1 .1 .1"/></body>
    <body name="box" pos="0 0 .06">
      <freejoint/>
      <geom name="cube" type="box" size=".05 .05 .05"/>
      <geom name="ball" type="sphere" size=".05"/>
    </body>
    <body name="arm" pos=".5 0 .4">
      <joint name="hinge" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 .3 0 0" size=".03"/>
    </body>
  </worldbody>
  <actuator><intvelocity name="servo" joint="hinge" kp="30" kv="2" actrange="-3 3"/></actuator>
  <sensor>
    <contact name="touch" body1="box" num="1" data="found"/>
    <jointpos name="angle" joint="hinge"/>
  </sensor>
</mujoco>
"""


SHAPES = np.array([2, 3])  # geom ids of cube and ball


def model(jacobian: str = "dense") -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(SCENE.format(jacobian=jacobian))


def begin(world: World, slot: int, seed: int) -> None:
    """An episode's start, drawn from a seed."""
    rng = np.random.default_rng(seed)
    ids = np.array([slot])
    world.reset(ids)
    world.qpos[slot, :3] = [*rng.uniform(-0.1, 0.1, 2), 0.2]
    world.qvel[slot, 3:6] = rng.uniform(-5, 5, 3)
    world.qpos[slot, 7] = world.act[slot, 0] = rng.uniform(-0.3, 0.3)
    world.set_collidable(ids, SHAPES, np.array([[seed % 2 == 0, seed % 2 == 1]]))
    world.forward(ids)


def drive(world: World, slot: int, seed: int, step: int) -> None:
    world.ctrl[slot] = np.sin(0.3 * step + seed)
    world.mocap_pos[slot, 0] = [0.3 * np.cos(0.2 * step), 0.3 * np.sin(0.2 * step), 0.1]


def all_of(world: World, slot: int) -> Floats:
    """Everything that a task could read of one simulation."""
    parts = (world.qpos, world.qvel, world.act, world.geom_pos, world.geom_mat)
    read = [part[slot].ravel() for part in parts]
    return np.concatenate([*read, world.body_pos("box")[slot], world.sensor("touch")[slot]])


def run(world: World, slot: int, seed: int, n_steps: int = 40) -> Floats:
    begin(world, slot, seed)
    seen = [all_of(world, slot)]
    for step in range(n_steps):
        drive(world, slot, seed, step)
        world.step(10)
        seen.append(all_of(world, slot))
    return np.stack(seen)


@pytest.mark.parametrize(("n", "n_threads"), [(7, 1), (64, 1), (64, 2)])
def test_batch_and_threads_change_no_bit(n: int, n_threads: int) -> None:
    alone = [run(World(model(), 1), 0, seed) for seed in range(3)]
    world = World(model(), n, n_threads)
    seeds = np.arange(n) % 3
    for slot in range(n):
        begin(world, slot, int(seeds[slot]))
    for step in range(40):
        for slot in range(n):
            drive(world, slot, int(seeds[slot]), step)
        assert not world.step(10).any()
        for slot in range(n):
            assert np.array_equal(all_of(world, slot), alone[seeds[slot]][step + 1])


def test_equals_a_plain_loop() -> None:
    world, seed = World(model(), 2), 4
    seen = run(world, 1, seed)
    plain = model()
    plain.geom_contype[SHAPES[1]] = plain.geom_conaffinity[SHAPES[1]] = 0
    data = mujoco.MjData(plain)
    start = World(model(), 1)
    begin(start, 0, seed)
    data.qpos, data.qvel, data.act = start.qpos[0], start.qvel[0], start.act[0]
    for step in range(40):
        drive(start, 0, seed, step)
        data.ctrl, data.mocap_pos[0] = start.ctrl[0], start.mocap_pos[0, 0]
        for _ in range(10):
            mujoco.mj_step(plain, data)
        assert np.array_equal(seen[step + 1, : plain.nq], data.qpos)
        assert np.array_equal(seen[step + 1, plain.nq : plain.nq + plain.nv], data.qvel)


def test_a_used_slot_is_as_good_as_new() -> None:
    fresh = run(World(model(), 1), 0, 1)
    world = World(model(), 2)
    run(world, 1, 2)
    world.rgba[1] = 0.25
    world.qpos[1, 2] = -0.04  # deep in the floor
    world.qvel[1] = 1e9
    assert world.step(10).tolist() == [False, True]
    assert np.array_equal(run(world, 1, 1), fresh)
    assert np.array_equal(world.rgba[1], world.model.geom_rgba)


def test_every_divergence_is_reported_stays_alone_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    beside = run(World(model(), 1), 0, 3, n_steps=6)
    world = World(model(), 3)
    for slot, seed in enumerate((0, 3, 0)):
        begin(world, slot, seed)
    for step in range(6):
        drive(world, 1, 3, step)
        world.qpos[0, 2] = np.nan  # again and again: each one counts
        assert world.step(10).tolist() == [True, False, False]
        assert np.array_equal(all_of(world, 1), beside[step + 1])
    assert list(tmp_path.iterdir()) == []


def test_resting_bodies_sleep_and_wake() -> None:
    world = World(model(), 2)
    asleep = world.batch.bind("tree_asleep")
    for slot in (0, 1):
        world.reset(np.array([slot]))
        world.forward(np.array([slot]))
    world.step(1000)
    assert (asleep[:, 0] >= 0).all()
    assert np.array_equal(world.qpos[0], world.qpos[1])
    rest = world.body_pos("box")[0].copy()
    world.reset(np.array([1]))
    world.qpos[1, 2] = 0.5
    world.forward(np.array([1]))
    assert world.body_pos("box")[1, 2] == 0.5
    world.step(10)
    assert world.body_pos("box")[1, 2] < 0.5
    assert np.array_equal(world.body_pos("box")[0], rest)


def test_derived_fields_are_current_after_a_step() -> None:
    world = World(model(), 1)
    run(world, 0, 0, n_steps=5)
    before = world.geom_pos.copy(), world.sensor("angle").copy()
    world.forward(np.array([0]))
    assert np.array_equal(world.geom_pos, before[0])
    assert np.array_equal(world.sensor("angle"), before[1])
    assert world.sensor("angle")[0, 0] == world.qpos[0, 7]


def test_geoms_that_are_switched_off_touch_nothing() -> None:
    world, ids = World(model(), 2), np.array([0, 1])
    world.reset(ids)
    world.set_collidable(ids, SHAPES, np.array([[True, False], [False, False]]))
    world.forward(ids)
    world.step(200)
    assert world.body_pos("box")[0, 2] > 0.04
    assert world.body_pos("box")[1, 2] < -0.5
    world.reset(ids)
    world.forward(ids)
    world.step(200)
    assert (world.body_pos("box")[:, 2] > 0.04).all()


def test_bad_input_is_named() -> None:
    with pytest.raises(BadConfig, match="n >= 1"):
        World(model(), 0)
    with pytest.raises(BadConfig, match="dense"):
        World(model("sparse"), 1)
    with pytest.raises(UnknownName, match="no body 'bax'; did you mean 'box'"):
        World(model(), 1).body_pos("bax")
    with pytest.raises(UnknownName, match="no sensor"):
        World(model(), 1).sensor("smell")
