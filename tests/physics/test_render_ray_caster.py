from dataclasses import replace

import mujoco
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.render_scenes import (
    FIXED,
    FOLLOWING,
    TYPES,
    Shots,
    random_scene,
    seen_by_mujoco,
    shots,
)
from vla_sim.errors import BadConfig, RenderBackendError
from vla_sim.physics import camera as geometry
from vla_sim.physics.render import Picture, make_renderer
from vla_sim.physics.render.ray_caster import RAY_CASTER_ID, RayCaster
from vla_sim.physics.render.self_test import check_self_test, draw_self_test, self_test_scene
from vla_sim.records.camera import CameraSpec

CAMERAS = pytest.mark.parametrize("camera", [FIXED, FOLLOWING], ids=["fixed", "following"])


def draw(seen: Shots, camera: CameraSpec, size: int = 48, n_threads: int = 1) -> Picture:
    caster = RayCaster(seen.model, camera, size, size, n_threads)
    try:
        return caster.render(*seen.arrays, depth=True, segmentation=True)
    finally:
        caster.close()


def assert_same(a: Picture, b: Picture) -> None:
    assert a.depth is not None and b.depth is not None
    assert a.segmentation is not None and b.segmentation is not None
    np.testing.assert_array_equal(a.rgb, b.rgb)
    np.testing.assert_array_equal(a.depth, b.depth)
    np.testing.assert_array_equal(a.segmentation, b.segmentation)


@pytest.mark.parametrize("types", [*((kind,) for kind in TYPES), TYPES], ids=lambda t: "+".join(t))
@CAMERAS
def test_agrees_with_mujocos_own_rays(types: tuple[str, ...], camera: CameraSpec) -> None:
    kinds_seen = set()
    for seed in range(4):
        seen = shots(random_scene(seed, types), n=2, seed=seed)
        picture = draw(seen, camera)
        assert picture.depth is not None and picture.segmentation is not None
        for row in range(2):
            ids, depth = seen_by_mujoco(seen, row, camera, 48, 48)
            same = ids == picture.segmentation[row]
            assert same.mean() >= 0.995
            on_geom = same & (ids >= 0)
            np.testing.assert_allclose(picture.depth[row][on_geom], depth[on_geom], rtol=1e-3)
            kinds_seen |= set(seen.model.geom_type[np.unique(ids[on_geom])].tolist())
    assert len(kinds_seen) == len({*types, "plane", "box"})


def test_the_sky_is_at_the_far_plane() -> None:
    model, camera = self_test_scene()
    caster = RayCaster(model, camera, 32, 32)
    picture = draw_self_test(caster, model)
    check_self_test(picture)
    assert picture.depth is not None and picture.segmentation is not None
    far = np.float32(model.vis.map.zfar * model.stat.extent)
    assert (picture.depth[picture.segmentation == -1] == far).all()
    assert caster.id == RAY_CASTER_ID


@CAMERAS
def test_a_picture_depends_on_its_own_simulation_only(camera: CameraSpec) -> None:
    seen = shots(random_scene(3), n=9)
    together = draw(seen, camera)
    assert_same(together, draw(seen, camera, n_threads=2))
    order = np.array([4, 0, 8])
    for i in order:
        alone = draw(seen[slice(i, i + 1)], camera)
        np.testing.assert_array_equal(alone.rgb[0], together.rgb[i])


def test_asking_for_less_changes_no_bit() -> None:
    seen = shots(random_scene(3), n=4)
    caster = RayCaster(seen.model, FIXED, 40, 56)
    full = caster.render(*seen.arrays, depth=True, segmentation=True)
    plain = caster.render(*seen.arrays)
    assert plain.depth is None and plain.segmentation is None
    assert plain.rgb.shape == (4, 40, 56, 3)
    np.testing.assert_array_equal(plain.rgb, full.rgb)


@CAMERAS
def test_the_kept_backdrop_is_what_a_full_drawing_gives(camera: CameraSpec) -> None:
    seen = shots(random_scene(5), n=3)
    caster = RayCaster(seen.model, camera, 48, 48)
    quick = caster.render(*seen.arrays, depth=True, segmentation=True)
    caster._backdrop = caster._backdrop._replace(valid=False)
    assert_same(quick, caster.render(*seen.arrays, depth=True, segmentation=True))


def test_what_never_moves_may_be_recoloured_hidden_or_moved_per_simulation() -> None:
    one = shots(random_scene(5), n=1)
    seen = replace(
        one,
        geom_pos=np.repeat(one.geom_pos, 4, axis=0),
        geom_mat=np.repeat(one.geom_mat, 4, axis=0),
        rgba=np.repeat(one.rgba, 4, axis=0),
    )
    table = seen.model.geom("table").id
    seen.rgba[1, table, :3] = 0.1, 0.2, 0.9
    seen.rgba[2, table, 3] = 0.0
    seen.geom_pos[3, table, 0] += 0.2
    caster = RayCaster(seen.model, FIXED, 48, 48)
    quick = caster.render(*seen.arrays, depth=True, segmentation=True)
    assert quick.segmentation is not None
    assert (quick.segmentation[1] == quick.segmentation[0]).all()
    assert (quick.rgb[1] != quick.rgb[0]).any()
    assert (quick.segmentation[0] == table).any() and not (quick.segmentation[2] == table).any()
    assert (quick.segmentation[3] != quick.segmentation[0]).any()
    caster._backdrop = caster._backdrop._replace(valid=False)
    assert_same(quick, caster.render(*seen.arrays, depth=True, segmentation=True))


def scene(body: str) -> Shots:
    ground = '<geom name="ground" type="plane" size="0 0 1" rgba=".7 .7 .7 1"/>'
    return shots(f"<mujoco><worldbody>{ground}{body}</worldbody></mujoco>", n=1)


BALL = '<geom name="ball" type="sphere" size=".1" pos="0 0 .6" rgba=".9 .2 .2 1"/>'
SUN = '<light type="directional" dir="-.4 0 -1"/>'
ABOVE = CameraSpec(position=(0.0, 0.0, 4.0), target=(0.0, 0.0, 0.0), fov_y_deg=40.0)


@pytest.mark.parametrize("moving", [False, True])
def test_a_floating_ball_darkens_the_ground_away_from_the_sun(moving: bool) -> None:
    body = f"<body mocap='true'>{BALL}</body>" if moving else BALL
    seen = scene(SUN + body)
    rgb = draw(seen, ABOVE, 64).rgb[0].astype(int)

    def brightness(x: float, y: float) -> int:
        u, v = geometry.project(ABOVE, np.array([[[x, y, 0.0]]])).uv[0, 0]
        return int(rgb[int(v * 64), int(u * 64)].sum())

    assert brightness(-0.24, 0.0) < 0.8 * brightness(0.24, 0.0)  # 0.6 m high, slope 0.4
    assert brightness(0.24, 0.0) == brightness(0.0, 0.4)


@pytest.mark.parametrize("kind", TYPES)
def test_the_ground_is_dark_where_mujocos_rays_to_the_sun_are_blocked(kind: str) -> None:
    size, camera = 48, FIXED
    sun = np.array([0.4, -0.3, 1.0])
    n_dark = 0
    for seed in range(3):
        xml = random_scene(seed, (kind, kind))
        xml = xml.replace('name="mat"', 'name="mat" group="3"')  # planes cast no shadows
        seen = shots(xml.replace("<worldbody>", f"<worldbody>{light_from(sun)}"), n=2, seed=seed)
        picture = draw(seen, camera, size)
        assert picture.segmentation is not None and picture.depth is not None
        data = mujoco.MjData(seen.model)
        mujoco.mj_forward(seen.model, data)
        for row in range(2):
            data.geom_xpos[:], data.geom_xmat[:] = seen.geom_pos[row], seen.geom_mat[row]
            on_ground = picture.segmentation[row] == 0
            rays = geometry.rays(camera, size, size)[on_ground]
            points = np.asarray(camera.position) + picture.depth[row][on_ground][:, None] * rays
            blocked = [is_blocked(seen.model, data, p + 1e-4 * sun, sun) for p in points]
            brightness = picture.rgb[row][on_ground].max(axis=1)
            dark = brightness < brightness.max()
            assert (dark == blocked).mean() >= 0.995
            n_dark += int(dark.sum())
    assert n_dark > 100


def light_from(sun: NDArray[np.float64]) -> str:
    x, y, z = -sun
    return f'<light type="directional" dir="{x} {y} {z}"/>'


def is_blocked(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    start: NDArray[np.float64],
    sun: NDArray[np.float64],
) -> bool:
    groups = np.array([1, 1, 1, 0, 0, 0], dtype=np.uint8)
    return bool(mujoco.mj_ray(model, data, start, sun, groups, 1, -1, np.zeros(1, np.int32)) >= 0)


def test_a_hidden_geom_leaves_neither_picture_nor_shadow() -> None:
    seen, empty = scene(SUN + BALL), scene(SUN)
    seen.rgba[:, seen.model.geom("ball").id, 3] = 0.0
    np.testing.assert_array_equal(draw(seen, ABOVE).rgb, draw(empty, ABOVE).rgb)


def test_collision_geoms_are_not_drawn() -> None:
    seen, empty = scene(BALL.replace("<geom", '<geom group="3"')), scene("")
    np.testing.assert_array_equal(draw(seen, ABOVE).rgb, draw(empty, ABOVE).rgb)


def test_a_table_catches_shadows_too() -> None:
    table = '<geom type="box" size="1 1 .05" pos="0 0 .2" rgba=".7 .7 .7 1"/>'
    with_ball, without = scene(SUN + table + BALL), scene(SUN + table)
    a, b = draw(with_ball, ABOVE, 64), draw(without, ABOVE, 64)
    assert a.segmentation is not None and b.segmentation is not None
    on_table = (a.segmentation[0] == b.segmentation[0]) & (a.rgb[0] != b.rgb[0]).any(axis=-1)
    assert on_table.sum() > 10
    assert (a.rgb[0][on_table] < b.rgb[0][on_table]).all()


def test_a_material_colours_a_geom_that_has_no_colour_of_its_own() -> None:
    xml = (
        '<mujoco><asset><material name="m" rgba=".1 .8 .1 1"/></asset><worldbody>'
        '<geom type="plane" size="0 0 1" material="m"/></worldbody></mujoco>'
    )
    seen = shots(xml, n=2)
    seen.rgba[1] = 0.9, 0.1, 0.1, 1.0
    rgb = draw(seen, ABOVE).rgb
    assert rgb[0, 0, 0].argmax() == 1
    assert rgb[1, 0, 0].argmax() == 0


def test_a_two_centimetre_cube_can_be_seen_from_a_metre() -> None:
    camera = CameraSpec(position=(0.8, 0.0, 0.6), target=(0.0, 0.0, 0.0), fov_y_deg=45.0)
    cube = '<geom name="cube" type="box" size=".01 .01 .01" pos="0 0 .01" rgba=".9 .1 .1 1"/>'
    picture = draw(scene(cube), camera, 64)
    assert picture.segmentation is not None
    pixels = picture.rgb[0][picture.segmentation[0] == 1].astype(int)
    assert len(pixels) >= 3
    assert (pixels[:, 0] > 2 * pixels[:, 1]).all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (33, 17), (5, 100)])
def test_any_picture_size(height: int, width: int) -> None:
    seen = shots(random_scene(2), n=1)
    caster = RayCaster(seen.model, FIXED, height, width)
    picture = caster.render(*seen.arrays, segmentation=True)
    assert picture.segmentation is not None
    ids, _ = seen_by_mujoco(seen, 0, FIXED, height, width)
    assert (picture.segmentation[0] == ids).mean() >= 0.98


def test_a_camera_among_the_geoms_sees_what_mujocos_rays_see() -> None:
    camera = CameraSpec(position=(0.05, 0.1, 0.25), target=(0.6, 0.1, 0.1), fov_y_deg=100.0)
    seen = shots(random_scene(8), n=3)
    picture = draw(seen, camera, 64)
    assert picture.segmentation is not None
    for row in range(3):
        ids, _ = seen_by_mujoco(seen, row, camera, 64, 64)
        assert (picture.segmentation[row] == ids).mean() >= 0.98


def test_a_mesh_is_refused_with_its_name_and_the_way_out() -> None:
    xml = (
        '<mujoco><asset><mesh name="t" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset><worldbody>'
        '<geom name="tetra" type="mesh" mesh="t"/></worldbody></mujoco>'
    )
    model = mujoco.MjModel.from_xml_string(xml)
    with pytest.raises(RenderBackendError, match=r"'tetra' is of type mesh.*--crank.renderer gl"):
        make_renderer("raycast", model, FIXED, 8, 8)
    hidden = mujoco.MjModel.from_xml_string(xml.replace("<geom", '<geom group="3"'))
    make_renderer("raycast", hidden, FIXED, 8, 8)


def test_wrong_shapes_are_refused() -> None:
    seen = shots(random_scene(1), n=2)
    caster = RayCaster(seen.model, FOLLOWING, 8, 8)
    pos, mat, rgba, followed = seen.arrays
    with pytest.raises(BadConfig, match="geom_pos"):
        caster.render(pos[:, 1:], mat, rgba, followed)
    with pytest.raises(BadConfig, match="geom_mat"):
        caster.render(pos, mat[:1], rgba, followed)
    with pytest.raises(BadConfig, match="rgba"):
        caster.render(pos, mat, rgba[..., :3], followed)
    with pytest.raises(BadConfig, match="'moving0'"):
        caster.render(pos, mat, rgba)
    with pytest.raises(BadConfig, match="n_threads 0"):
        RayCaster(seen.model, FIXED, 8, 8, 0)
