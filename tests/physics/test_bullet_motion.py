"""Laws of motion: what Bullet does with a translated model is what MuJoCo does with the model."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.bullet_scenes import ONE, both, compiled, course, restart
from vla_sim.physics.bullet.world import BulletWorld
from vla_sim.physics.world import World

Floats = NDArray[np.float64]

HINGE = """<body name="rod" pos="0 0 1"><joint name="j" axis="0 1 0" {joint}/>
  <geom type="capsule" fromto="0 0 0 0 0 -.5" size=".02" contype="0" conaffinity="0"/></body>"""
SLIDE = """<body name="block" pos="0 0 1"><joint name="j" type="slide" axis="0 0 1" {joint}/>
  <geom type="box" size=".05 .05 .05" mass=".4" contype="0" conaffinity="0"/></body>"""


def scene(body: str, joint: str = "", rest: str = "") -> str:
    return f"<worldbody>{body.format(joint=joint)}</worldbody>{rest}"


def period_s(angles: Floats, timestep_s: float) -> float:
    """Mean time between upward zero crossings."""
    below = angles < 0.0
    ups = np.flatnonzero(below[:-1] & ~below[1:])
    exact = ups - angles[ups] / (angles[ups + 1] - angles[ups])
    return float(np.diff(exact).mean()) * timestep_s


def test_free_fall_takes_as_long() -> None:
    ball = '<worldbody><body pos="0 0 3"><freejoint/><geom size=".1"/></body></worldbody>'
    falls = [3.0 - course(world, 250)[-1, 2] for world in both(ball)]
    assert falls[1] == pytest.approx(falls[0], rel=0.01)
    assert falls[1] == pytest.approx(0.5 * 9.81 * 0.5**2, rel=0.01)


def test_a_body_that_tumbles_keeps_its_angular_momentum() -> None:
    body = """<worldbody><body><freejoint/><inertial mass="1" pos=".1 .2 0" quat="1 .2 .1 .4"
      diaginertia=".01 .02 .025"/></body></worldbody>"""
    ends = []
    for world in both(body, 'gravity="0 0 0"'):
        world.qvel[0] = [0.1, -0.2, 0.3, 2.0, -3.0, 1.0]
        ends.append(course(world, 200))
    np.testing.assert_allclose(ends[1], ends[0], atol=0.03)


def test_a_pendulum_swings_with_the_same_period() -> None:
    periods = []
    for world in both(scene(HINGE)):
        world.qpos[0, 0] = 0.5
        world.forward(ONE)
        periods.append(period_s(course(world, 2500)[:, 0], world.timestep_s))
    assert periods[1] == pytest.approx(periods[0], rel=1e-3)


@pytest.mark.parametrize(
    ("body", "joint"),
    [
        (HINGE, 'stiffness="3" springref="40" damping=".05"'),
        (HINGE, 'armature=".3" damping=".4"'),
        (HINGE, 'damping="500"'),
        (HINGE, 'ref="30" stiffness="5"'),
        (SLIDE, 'stiffness="80" springref=".05" damping="3"'),
        (SLIDE, 'stiffness="80" armature="1.5" damping="1"'),
    ],
)
def test_springs_dampers_and_armature_act_alike(body: str, joint: str) -> None:
    paths = [course(world, 500) for world in both(scene(body, joint))]
    reach = max(float(np.ptp(paths[0])), 0.02)
    np.testing.assert_allclose(paths[1], paths[0], atol=0.03 * reach)


def test_a_joint_stops_at_its_limit() -> None:
    ends = [
        course(world, 500)[-1, 0]
        for world in both(scene(SLIDE, 'ref=".1" range=".05 .4" limited="true" damping="5"'))
    ]
    assert ends[1] == pytest.approx(0.05, abs=1e-3)
    assert ends[1] == pytest.approx(ends[0], abs=6e-3)  # MuJoCo's limits are soft


def test_a_chain_moves_alike() -> None:
    chain = """<worldbody><body pos="0 0 1" euler="10 20 0">
      <joint axis="0 1 0" damping=".05"/><geom type="capsule" fromto="0 0 0 .3 0 0" size=".03"/>
      <body pos=".3 0 0" euler="0 0 30">
      <joint type="slide" axis="1 0 0" stiffness="300" damping="5"/>
      <joint axis="0 0 1" pos=".02 .01 0" damping=".05"/><joint axis="0 1 0" damping=".05"/>
      <geom type="capsule" fromto="0 0 0 .3 0 0" size=".03"/></body></body></worldbody>"""
    paths = [course(world, 400) for world in both(chain)]
    np.testing.assert_allclose(paths[1], paths[0], atol=0.02)


@pytest.mark.parametrize("joint", ["", 'armature="2"'])
def test_compensated_bodies_do_not_fall(joint: str) -> None:
    held = SLIDE.replace("<body ", '<body gravcomp="1" ')
    _, bullet = both(scene(held, joint))
    assert abs(course(bullet, 300)[-1, 0]) < 1e-6


def test_dry_friction_holds_until_it_is_overcome() -> None:
    motor = '<actuator><motor joint="j"/></actuator>'
    _, bullet = both(scene(SLIDE, 'frictionloss="2"', motor), 'gravity="0 0 0"')
    bullet.ctrl[0] = 1.5
    assert abs(course(bullet, 200)[-1, 0]) < 1e-3
    bullet.ctrl[0] = 3.0
    assert course(bullet, 200)[-1, 0] == pytest.approx(0.5 * (1.0 / 0.4) * 0.4**2, rel=0.05)


def test_a_servo_tracks_a_ramp_and_shows_its_angle() -> None:
    servo = """<actuator><intvelocity joint="j" kp="300" actrange="-.5 .5"/>
      <velocity joint="j" kv="20"/></actuator>"""
    paths, held = [], []
    for world in both(scene(HINGE, 'armature=".1"', servo)):
        world.ctrl[0] = 0.4
        paths.append(course(world, 500)[:, 0])
        held.append(world.act[0, 0])
        world.ctrl[0] = [0.4, 0.0]
        course(world, 500)
        assert world.act[0, 0] == 0.5
    assert held[0] == pytest.approx(0.4, rel=1e-9)
    assert held[1] == held[0]
    np.testing.assert_allclose(paths[1], paths[0], atol=2e-3)


def test_a_light_joint_under_a_strong_damper_stays_calm() -> None:
    servo = '<actuator><position joint="j" kp="900" kv="60" forcerange="-20 20"/></actuator>'
    light = SLIDE.replace('mass=".4"', 'mass=".01"')
    _, bullet = both(scene(light, "", servo), 'gravity="0 0 0"')
    bullet.ctrl[0] = 0.02
    path = course(bullet, 500)[:, 0]
    assert path[-1] == pytest.approx(0.02, abs=1e-4)
    assert path.max() < 0.0215


def test_a_tendon_keeps_two_fingers_together_and_a_grip_keeps_its_force() -> None:
    hand = """<worldbody>
      <body><joint name="a" type="slide" axis="1 0 0" armature=".1"/><geom type="box"
        size=".01 .02 .02" pos="-.06 0 0" mass=".02"/></body>
      <body><joint name="b" type="slide" axis="-1 0 0" armature=".1"/><geom type="box"
        size=".01 .02 .02" pos=".06 0 0" mass=".02"/></body>
      <body><joint name="c" type="slide" axis="0 0 1"/><geom type="box" size=".03 .03 .03"
        mass="1.5"/></body></worldbody>
      <tendon><fixed stiffness="3000" damping="30"><joint joint="a" coef="1"/>
        <joint joint="b" coef="-1"/></fixed></tendon>
      <actuator><position joint="a" kp="2000" kv="30" forcerange="-20 20"/>
        <position joint="b" kp="2000" kv="30" forcerange="-20 20"/></actuator>"""
    for world in both(hand):
        world.ctrl[0] = 0.04
        # Held off its weight until the fingers press.
        for _ in range(150):
            world.qpos[0, 2], world.qvel[0, 2] = 0.0, 0.0
            world.step(1)
        assert world.qpos[0, 0] == pytest.approx(world.qpos[0, 1], abs=1e-3)
        course(world, 250)
        # Two frictions of 20 N bear 15 N.
        assert abs(world.qpos[0, 2]) < 0.01


@pytest.mark.parametrize(
    "geom",
    [
        'type="box" size=".05 .04 .03"',
        'type="cylinder" size=".04 .05"',
        'type="capsule" size=".02 .05" euler="90 0 0"',
        'size=".05"',
    ],
)
def test_a_block_on_a_table_rests_at_the_same_height(geom: str) -> None:
    table = f"""<worldbody><geom type="plane" size="1 1 1"/><geom type="box" size=".3 .3 .1"
      pos="0 0 .1"/><body pos="0 0 .28"><freejoint/><geom {geom} mass=".3" condim="6"
      friction="1 .02 .002"/></body></worldbody>"""
    heights = [course(world, 1000)[-1, 2] for world in both(table)]
    assert heights[1] == pytest.approx(heights[0], abs=5e-4)


def test_every_physics_step_counts_alike() -> None:
    model = compiled(scene(HINGE))
    at_once, one_by_one = BulletWorld(model, 1), BulletWorld(model, 1)
    for world in (at_once, one_by_one):
        restart(world)
        world.qpos[0, 0] = 1.0
    np.testing.assert_array_equal(
        course(at_once, 5, n_substeps=20), course(one_by_one, 100)[19::20]
    )


def test_who_is_not_stepped_stands_still_and_the_others_do_not_notice() -> None:
    everyone, some = np.arange(3), np.array([0, 2])
    servo = '<actuator><intvelocity joint="j" kp="3" kv=".2" actrange="-1 1"/></actuator>'
    kinds: tuple[type[World | BulletWorld], ...] = (World, BulletWorld)
    for kind in kinds:
        model = compiled(scene(HINGE, rest=servo))
        partly, wholly = kind(model, 3), kind(model, 3)
        for world in (partly, wholly):
            world.reset(everyone)
            world.qpos[:, 0] = world.act[:, 0] = [0.2, 0.4, 0.6]
            world.ctrl[:] = 0.5
            world.forward(everyone)
            for _ in range(3):
                ids = some if world is partly else None
                assert not world.step(10, ids).any()
        assert partly.qpos[1, 0] == partly.act[1, 0] == 0.4
        np.testing.assert_array_equal(partly.qpos[some], wholly.qpos[some])
        # Whoever stood still goes on from where it stood.
        partly.step(30, np.array([1]))
        np.testing.assert_array_equal(partly.qpos, wholly.qpos)
        np.testing.assert_array_equal(partly.act, wholly.act)
