"""Laws of BulletWorld: poses are the model's, simulations are their own, and bad input is named."""

import os
import subprocess
import sys

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.bullet_scenes import ONE, SCENE, compiled, restart
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.bullet.client import Client
from vla_sim.physics.bullet.simulation import Simulation
from vla_sim.physics.bullet.world import BulletWorld
from vla_sim.physics.engines import ENGINES, make_engine

Floats = NDArray[np.float64]
SHAPES = np.array([2, 3])  # geom ids of cube and ball
TASKS = ("vla_sim/Reach-v1", "vla_sim/Lift-v1", "vla_sim/DriveToGoal-v1")


def model() -> mujoco.MjModel:
    return compiled(SCENE)


def begin(world: BulletWorld, slot: int, seed: int) -> None:
    """An episode's start, drawn from a seed."""
    rng = np.random.default_rng(seed)
    ids = np.array([slot])
    world.reset(ids)
    world.qpos[slot, :3] = [*rng.uniform(-0.1, 0.1, 2), 0.2]
    world.qvel[slot, 3:6] = rng.uniform(-5, 5, 3)
    world.qpos[slot, 7] = world.act[slot, 0] = rng.uniform(-0.3, 0.3)
    world.set_collidable(ids, SHAPES, np.array([[seed % 2 == 0, seed % 2 == 1]]))
    world.forward(ids)


def drive(world: BulletWorld, slot: int, seed: int, step: int) -> None:
    world.ctrl[slot] = 0.1 * np.sin(0.3 * step + seed)
    world.mocap_pos[slot, 0] = [0.3 * np.cos(0.2 * step), 0.3 * np.sin(0.2 * step), 0.1]


def all_of(world: BulletWorld, slot: int) -> Floats:
    """Everything that a task could read of one simulation."""
    parts = (world.qpos, world.qvel, world.act, world.geom_pos, world.geom_mat)
    read = [part[slot].ravel() for part in parts]
    return np.concatenate([*read, world.body_pos("box")[slot], world.sensor("touch")[slot]])


def run(world: BulletWorld, slot: int, seed: int, n_steps: int = 25) -> Floats:
    begin(world, slot, seed)
    seen = [all_of(world, slot)]
    for step in range(n_steps):
        drive(world, slot, seed, step)
        world.step(10)
        seen.append(all_of(world, slot))
    return np.stack(seen)


def scatter(world: BulletWorld, seed: int) -> None:
    """Every joint somewhere within its range, every free body anywhere."""
    rng, m = np.random.default_rng(seed), world.model
    for j in range(m.njnt):
        at = int(m.jnt_qposadr[j])
        if int(m.jnt_type[j]) == int(mujoco.mjtJoint.mjJNT_FREE):
            quat = rng.normal(size=4)
            world.qpos[0, at : at + 7] = [*rng.uniform(-1, 1, 3), *quat / np.linalg.norm(quat)]
        else:
            low, high = m.jnt_range[j] if m.jnt_limited[j] else (-1.0, 1.0)
            world.qpos[0, at] = rng.uniform(low, high)
    world.mocap_pos[0] = rng.uniform(-1, 1, (m.nmocap, 3))
    world.forward(ONE)


def truth(world: BulletWorld) -> mujoco.MjData:
    """What MuJoCo says about the first simulation's state."""
    data = mujoco.MjData(world.model)
    data.qpos, data.mocap_pos, data.mocap_quat = (
        world.qpos[0],
        world.mocap_pos[0],
        world.mocap_quat[0],
    )
    mujoco.mj_forward(world.model, data)
    return data


def shape_poses(sim: Simulation) -> list[tuple[Floats, Floats]]:
    """Position and axes of every shape that Bullet collides, as Bullet has them."""
    api, to, found = sim._api, sim._to, []
    for body in sim._bodies:
        for link in range(-1, api.getNumJoints(body, **to)):
            if link < 0:
                place = api.getBasePositionAndOrientation(body, **to)
            else:
                place = api.getLinkState(body, link, computeForwardKinematics=1, **to)[:2]
            for shape in api.getCollisionShapeData(body, link, **to):
                pos, quat = api.multiplyTransforms(*place, shape[5], shape[6])
                found.append((np.array(pos), np.array(api.getMatrixFromQuaternion(quat))))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["chain", *TASKS])
def test_the_same_state_gives_the_same_poses(name: str, seed: int) -> None:
    scene = model() if name == "chain" else make_task(name).build().compile()
    world = BulletWorld(scene, 1)
    restart(world)
    scatter(world, seed)
    data = truth(world)
    np.testing.assert_allclose(world.geom_pos[0], data.geom_xpos, atol=1e-12)
    np.testing.assert_allclose(world.geom_mat[0], data.geom_xmat, atol=1e-12)
    # And Bullet's own shapes lie there: each is one of the geoms that may touch, and all are.
    solid = np.flatnonzero((scene.geom_contype != 0) | (scene.geom_conaffinity != 0))
    left = set(solid.tolist())
    shapes = shape_poses(world._sims[0])
    assert len(shapes) == len(solid)
    for pos, mat in shapes:
        off = {
            g: max(np.abs(data.geom_xpos[g] - pos).max(), np.abs(data.geom_xmat[g] - mat).max())
            for g in left
        }
        nearest = min(off, key=lambda g: off[g])
        assert off[nearest] < 2e-6
        left.remove(nearest)


@pytest.mark.parametrize("name", TASKS)
def test_the_same_bodies_touch(name: str) -> None:
    """In states full of collisions, both engines find the same sensors touched."""
    scene = make_task(name).build().compile()
    world = BulletWorld(scene, 1)
    agree = touched = 0
    for seed in range(12):
        restart(world)
        scatter(world, seed)
        world.qpos[0, 2] = 0.3
        world.forward(ONE)
        data = truth(world)
        seen = [world.sensor(scene.sensor(s).name)[0, 0] > 0 for s in range(scene.nsensor)]
        agree += int((np.array(seen) == (data.sensordata > 0)).sum())
        touched += int((data.sensordata > 0).sum())
    assert touched >= 3
    assert agree >= 0.97 * 12 * scene.nsensor


@pytest.mark.parametrize(("n", "n_threads"), [(3, 1), (6, 2)])
def test_batch_and_threads_change_no_bit(n: int, n_threads: int) -> None:
    alone = [run(BulletWorld(model(), 1), 0, seed) for seed in range(3)]
    world = BulletWorld(model(), n, n_threads)
    seeds = np.arange(n) % 3
    for slot in range(n):
        begin(world, slot, int(seeds[slot]))
    for step in range(25):
        for slot in range(n):
            drive(world, slot, int(seeds[slot]), step)
        assert not world.step(10).any()
        for slot in range(n):
            assert np.array_equal(all_of(world, slot), alone[seeds[slot]][step + 1])


def test_a_used_slot_is_as_good_as_new() -> None:
    fresh = run(BulletWorld(model(), 1), 0, 1)
    world = BulletWorld(model(), 2)
    restart(world)
    run(world, 1, 2)
    world.rgba[1] = 0.25
    world.qvel[1] = 1e9
    assert world.step(10).tolist() == [False, True]
    assert np.array_equal(run(world, 1, 1), fresh)
    assert np.array_equal(world.rgba[1], world.model.geom_rgba)


@pytest.mark.parametrize("field", ["qpos", "qvel", "ctrl"])
def test_every_divergence_is_reported_and_stays_alone(field: str) -> None:
    beside = run(BulletWorld(model(), 1), 0, 3, n_steps=4)
    world = BulletWorld(model(), 3)
    for slot, seed in enumerate((0, 3, 0)):
        begin(world, slot, seed)
    for step in range(4):
        drive(world, 1, 3, step)
        getattr(world, field)[0, 1] = np.nan  # again and again: each one counts
        assert world.step(10).tolist() == [True, False, False]
        assert np.isfinite(all_of(world, 0)).all()
        assert np.array_equal(all_of(world, 1), beside[step + 1])


def test_geoms_that_are_switched_off_touch_nothing() -> None:
    world, ids = BulletWorld(model(), 2), np.array([0, 1])
    world.reset(ids)
    world.set_collidable(ids, SHAPES, np.array([[True, False], [False, False]]))
    world.forward(ids)
    world.step(200)
    assert world.body_pos("box")[0, 2] > 0.04
    assert world.body_pos("box")[1, 2] < -0.5
    assert world.sensor("touch")[:, 0].tolist() == [1.0, 0.0]
    restart(world)
    world.step(200)
    assert (world.body_pos("box")[:, 2] > 0.04).all()


def test_contact_sensors_tell_who_is_touched() -> None:
    world = BulletWorld(model(), 1)
    restart(world)
    world.qpos[0, :3] = [0.0, 0.88, 0.3]
    world.forward(ONE)
    assert (world.sensor("touch")[0, 0], world.sensor("ground")[0, 0]) == (0.0, 0.0)
    world.mocap_pos[0, 0] = [0.0, 1.0, 0.3]  # the wall comes to the box, which hangs in the air
    world.forward(ONE)
    assert (world.sensor("touch")[0, 0], world.sensor("ground")[0, 0]) == (1.0, 0.0)
    world.qpos[0, :3] = [0.0, 0.0, 0.06]
    world.forward(ONE)
    world.step(300)
    assert (world.sensor("touch")[0, 0], world.sensor("ground")[0, 0]) == (1.0, 1.0)


def test_a_mocap_body_pushes() -> None:
    world = BulletWorld(model(), 1)
    restart(world)
    world.step(100)
    for step in range(200):
        world.mocap_pos[0, 0] = [0.0, 0.4 - 0.002 * step, 0.1]
        assert not world.step(2).any()
    assert world.body_pos("box")[0, 1] < -0.1


def test_derived_fields_are_current_after_a_step() -> None:
    world = BulletWorld(model(), 1)
    run(world, 0, 0, n_steps=5)
    before = world.geom_pos.copy(), world.sensor("angle").copy()
    world.forward(ONE)
    assert np.array_equal(world.geom_pos, before[0])
    assert np.array_equal(world.sensor("angle"), before[1])
    assert world.sensor("angle")[0, 0] == world.qpos[0, 7]


def test_a_state_that_is_written_is_where_the_next_step_starts() -> None:
    world = BulletWorld(model(), 1)
    run(world, 0, 0, n_steps=3)
    world.qpos[0, :3], world.qvel[0, :6] = [1.0, 2.0, 3.0], 0.0
    world.step(1)
    np.testing.assert_allclose(world.qpos[0, :3], [1.0, 2.0, 3.0], atol=1e-4)


def test_bad_input_is_named() -> None:
    with pytest.raises(BadConfig, match="n >= 1"):
        BulletWorld(model(), 0)
    world = BulletWorld(model(), 1)
    with pytest.raises(UnknownName, match="no body 'bax'; did you mean 'box'"):
        world.body_pos("bax")
    with pytest.raises(UnknownName, match="no sensor 'smell'"):
        world.sensor("smell")
    with pytest.raises(UnknownName, match=r"no engine 'havok'; there are 'mujoco'.*'pybullet'"):
        make_engine("havok", model(), 1)
    assert {make_engine(name, model(), 2).n for name in ENGINES} == {2}


def test_clients_are_given_back() -> None:
    first = Client()
    first.close()
    first.close()
    again = Client()
    assert again.id == first.id


def test_pybullet_is_loaded_only_when_it_runs_and_says_nothing() -> None:
    program = (
        "import sys; import vla_sim, vla_sim.envs.crank, vla_sim.physics.bullet.world as b;"
        "assert 'pybullet' not in sys.modules; from vla_sim.physics.bullet.self_test import fall_m;"
        "fall_m(); assert 'pybullet' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybullet", None)
    with pytest.raises(BadConfig, match=r"pip install 'vla-sim\[pybullet\]'"):
        BulletWorld(model(), 1)
    assert os.fstat(2)
