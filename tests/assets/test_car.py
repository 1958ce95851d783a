"""The compiled car says the published numbers, and stands still on its springs."""

import mujoco
import numpy as np
import pytest

from vla_sim.assets import car, car_manners
from vla_sim.records.manner import MANNERS, Manner, MannerProfile

WHEELS = ("fl", "fr", "rl", "rr")


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    return car.car_spec().compile()


def test_masses_and_inertias(model: mujoco.MjModel) -> None:
    assert model.body_mass.sum() == pytest.approx(car.MASS_KG, rel=1e-6)
    assert model.body("chassis").mass[0] == pytest.approx(car.SPRUNG_MASS_KG)
    inertia = model.body("chassis").inertia
    assert sorted(inertia)[0] == pytest.approx(car.ROLL_INERTIA_KG_M2)
    assert sorted(inertia)[2] == pytest.approx(car.PITCH_INERTIA_KG_M2)
    for wheel in WHEELS:
        body = model.body(f"wheel_{wheel}")
        assert 2.0 * body.mass[0] == pytest.approx(car.UNSPRUNG_MASS_KG, rel=1e-6)
        assert max(body.inertia) == pytest.approx(car.WHEEL_INERTIA_KG_M2)


def test_yaw_inertia_of_the_whole(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    # About the centre of the sprung mass, which the published wheel distances are measured from.
    centre = data.body("chassis").xipos[:2]
    total = 0.0
    for k in range(1, model.nbody):
        turned = data.ximat[k].reshape(3, 3)
        own = (turned @ np.diag(model.body_inertia[k]) @ turned.T)[2, 2]
        away = data.xipos[k, :2] - centre
        total += own + model.body_mass[k] * float(away @ away)
    assert total == pytest.approx(car.YAW_INERTIA_KG_M2, rel=0.002)


def test_geometry(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    place = {w: data.body(f"wheel_{w}").xpos for w in WHEELS}
    assert place["fl"][0] - place["rl"][0] == pytest.approx(car.WHEELBASE_M)
    assert place["fl"][0] == pytest.approx(-place["rl"][0])
    assert place["fl"][1] - place["fr"][1] == pytest.approx(car.TRACK_FRONT_M)
    assert place["rl"][1] - place["rr"][1] == pytest.approx(car.TRACK_REAR_M)
    assert data.body("chassis").xipos == pytest.approx(
        (place["fl"][0] - car.CG_TO_FRONT_M, 0.0, car.CG_HEIGHT_M), abs=1e-5
    )
    hull = model.geom("hull").size
    assert 2 * hull[:2] == pytest.approx((car.LENGTH_M, car.WIDTH_M))
    for wheel in WHEELS:
        tyre = model.geom(f"tyre_{wheel}")
        assert tyre.size[0] == pytest.approx(car.WHEEL_RADIUS_M)
        assert tyre.friction[0] == pytest.approx(car.TYRE_FRICTION)
        spring = model.joint(f"lift_{wheel}")
        assert spring.stiffness[0] == pytest.approx(car.SUSPENSION_N_M)
        assert spring.damping[0] == pytest.approx(car.DAMPER_N_S_M)
    for wheel in WHEELS[:2]:
        limit = model.joint(f"steer_{wheel}").range
        assert limit == pytest.approx((-car.MAX_STEER_RAD, car.MAX_STEER_RAD))


def test_springs_bear_the_car_level() -> None:
    settled = car.settled_qpos()
    assert settled[2] == pytest.approx(car.CG_HEIGHT_M, abs=0.002)
    assert settled[3] == pytest.approx(1.0, abs=1e-6)
    assert np.abs(settled[7:]).max() < 0.002


def test_rates_fit_each_other() -> None:
    assert pytest.approx(car.CONTROL_DT_S) == car.N_SUBSTEPS * car.TIMESTEP_S


@pytest.mark.parametrize(
    "table",
    [
        car_manners.CAR_MANNERS,
        car_manners.ROAD_MANNERS,
        car_manners.STREET_MANNERS,
        car_manners.TOWN_MANNERS,
    ],
)
def test_manners_are_ordered(table: dict[Manner, MannerProfile]) -> None:
    assert set(table) == set(MANNERS)
    assert table["slowly"].velocity < table["normal"].velocity < table["quickly"].velocity
    assert table["smoothly"].peak_jerk < table["slowly"].peak_jerk
    for profile in table.values():
        assert profile.velocity <= profile.typical_speed_band[1]
        assert profile.acceleration < profile.peak_acceleration
        assert profile.motion_group in {group.name for group in car.CAR.motion}
