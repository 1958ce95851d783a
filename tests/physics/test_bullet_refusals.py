"""What Bullet cannot do is refused by name, and what it can is let pass."""

import numpy as np
import pytest

from tests.physics.bullet_scenes import compiled, course, restart
from vla_sim.envs.tasks import ENGINE_TASKS, make_task
from vla_sim.errors import BadConfig
from vla_sim.physics.bullet.friction import friction_of
from vla_sim.physics.bullet.refusals import check_translatable
from vla_sim.physics.bullet.world import BulletWorld

BODY = '<worldbody><body name="b">{inside}</body></worldbody>{rest}'
PLAIN = '<joint name="j"/><geom name="g" size=".1"/>'


@pytest.mark.parametrize(
    ("inside", "rest", "says"),
    [
        ('<joint name="j"/><geom name="egg" type="ellipsoid" size=".1 .2 .1"/>', "",
         "geom 'egg' is of type ellipsoid"),
        ('<joint name="hip" type="ball"/><geom size=".1"/>', "", "joint 'hip' is a ball"),
        ('<joint name="f" type="free" damping="1"/><geom size=".1"/>', "", "joint 'f' has dam"),
        ('<geom name="g" size=".1" margin=".01"/>', "", "geom 'g' has a margin"),
        ('<geom name="g" size=".1" solref="-100 -1"/>', "", "geom 'g' has a contact spring"),
        ('<geom name="g" size=".1" condim="1"/>', "", "geom 'g' has no friction"),
        ('<joint name="j" type="slide" armature="1"/><joint/><geom size=".1"/>', "",
         "slide 'j' has armature and shares"),
        (PLAIN, '<equality><joint joint1="j"/></equality>', "it has equality constraints"),
        (PLAIN, '<tendon><fixed name="t" range="0 1" limited="true"><joint joint="j" coef="1"/>'
         "</fixed></tendon>", "tendon 't' has a limit"),
        (PLAIN, '<actuator><general name="m" joint="j" dyntype="filterexact"/></actuator>',
         "actuator 'm' has dynamics"),
        (PLAIN, '<actuator><general name="a" body="b"/></actuator>', "actuator 'a' acts on no"),
        (PLAIN, '<sensor><jointactuatorfrc name="s" joint="j"/></sensor>', "sensor 's' measures"),
        (PLAIN, '<sensor><contact name="s" body1="b" data="found force"/></sensor>',
         "contact sensor 's' tells more"),
        (PLAIN, '<sensor><contact name="s" geom1="g" data="found"/></sensor>',
         "contact sensor 's' looks at more"),
        (PLAIN, '<option><flag gravity="disable"/></option>', "it disables parts"),
        (PLAIN, '<option density="1.2"/>', "in a fluid"),
    ],
)  # fmt: skip
def test_what_cannot_be_translated_is_named(inside: str, rest: str, says: str) -> None:
    with pytest.raises(BadConfig, match="cannot run on PyBullet") as refused:
        BulletWorld(compiled(BODY.format(inside=inside, rest=rest)), 1)
    assert says in str(refused.value)
    assert "Run it on mujoco" in str(refused.value)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    inside = '<joint name="hip" type="ball"/><geom name="egg" type="ellipsoid" size=".1 .2 .1"/>'
    with pytest.raises(BadConfig, match=r"'hip'.*'egg'"):
        check_translatable(compiled(BODY.format(inside=inside, rest="")))


def test_what_is_only_seen_may_have_any_shape() -> None:
    egg = '<geom type="ellipsoid" size=".1 .2 .1" contype="0" conaffinity="0"/>'
    check_translatable(compiled(BODY.format(inside=egg, rest="")))


@pytest.mark.parametrize("task_id", ENGINE_TASKS["pybullet"])
def test_declared_tasks_rub_as_they_do_on_mujoco(task_id: str) -> None:
    model = make_task(task_id).build().compile()
    check_translatable(model)
    friction = friction_of(model)
    floor = model.geom("floor").id
    root = model.body_rootid[model.geom_bodyid]
    with_tips = set(root[model.geom_priority > 0].tolist())
    pairs = 0
    for g in range(model.ngeom):
        met = model.geom_contype[g] & model.geom_conaffinity[floor]
        if not met or model.body_weldid[model.geom_bodyid[g]] == 0:
            continue
        if model.geom_priority[g] == 0 and root[g] in with_tips:
            continue  # a robot's links: what they touch they have hit
        one, other = model.geom_friction[g, 0], model.geom_friction[floor, 0]
        asked = one if model.geom_priority[g] > 0 else max(one, other)
        assert friction.sliding[g] * friction.sliding[floor] == pytest.approx(asked, rel=1e-3)
        pairs += 1
    assert pairs > 0


def test_frictions_that_are_no_products_are_named() -> None:
    """Three pairs of three things, each with the greater of two: rough with smooth is rough."""
    spheres = "".join(
        f'<body><freejoint/><geom name="{name}" size=".1" friction="{value}"/></body>'
        f'<body><freejoint/><geom size=".1" friction="{value}"/></body>'
        for name, value in (("glass", 0.1), ("rubber", 1.5))
    )
    with pytest.raises(BadConfig, match=r"no factors give .* between .*'glass'"):
        BulletWorld(compiled(f"<worldbody>{spheres}</worldbody>"), 1)


@pytest.mark.parametrize(("coefficient", "slides"), [(0.45, True), (0.65, False)])
def test_a_block_slides_when_the_slope_is_steeper_than_its_friction(
    coefficient: float, slides: bool
) -> None:
    slope = f"""<worldbody><geom type="plane" size="5 5 1" euler="0 30 0" friction=".1"/>
      <body euler="0 30 0" pos=".0255 0 .0442"><freejoint/><geom type="box" size=".05 .05 .05"
      priority="1" friction="{coefficient}"/></body></worldbody>"""
    world = BulletWorld(compiled(slope), 1)
    restart(world)
    path = course(world, 500)
    assert (float(np.linalg.norm(path[-1, :3] - path[100, :3])) > 0.05) == slides
