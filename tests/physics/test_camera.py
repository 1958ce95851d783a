from dataclasses import replace

import numpy as np
import pytest

from vla_sim.errors import BadConfig
from vla_sim.physics import camera as geometry
from vla_sim.records.camera import CameraSpec

SPECS = [
    CameraSpec(position=(1.2, 0.3, 0.8), target=(0.4, 0.0, 0.1), fov_y_deg=45.0),
    CameraSpec(position=(0.0, 0.0, 5.0), target=(0.0, 0.0, 0.0), fov_y_deg=60.0),
    CameraSpec(
        position=(-9.0, 0.0, 9.0),
        target=(9.0, 0.0, 0.0),
        fov_y_deg=50.0,
        follow_body="car",
        follow_axes="x",
    ),
]


@pytest.mark.parametrize("spec", SPECS)
def test_rotation_is_a_rotation(spec: CameraSpec) -> None:
    rotation = geometry.rotation(spec)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_cameras_that_are_gone_do_not_fill_the_memory() -> None:
    for k in range(6000):
        geometry.rotation(replace(SPECS[0], fov_y_deg=40.0 + 1e-3 * k))
    assert geometry.rotation.cache_info().currsize < 5000


@pytest.mark.parametrize("spec", SPECS)
def test_the_target_is_in_the_middle(spec: CameraSpec) -> None:
    followed = np.array([[3.0, 4.0, 5.0]])
    target = np.asarray(spec.target) + geometry.follow_mask(spec) * followed[0]
    seen = geometry.project(spec, target[None, None], followed, aspect=1.5)
    np.testing.assert_allclose(seen.uv[0, 0], 0.5, atol=1e-12)
    assert seen.in_view.all()


@pytest.mark.parametrize("spec", SPECS)
def test_a_point_on_a_pixels_ray_projects_to_that_pixel(spec: CameraSpec) -> None:
    height, width = 6, 9
    followed = np.array([[0.5, -0.25, 2.0]])
    eye = geometry.pose(spec, 1, followed).position
    points = eye + 3.0 * geometry.rays(spec, height, width).reshape(-1, 3)
    seen = geometry.project(spec, points[None], followed, aspect=width / height)
    u, v = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    np.testing.assert_allclose(seen.uv[0], np.stack([u, v], axis=-1).reshape(-1, 2), atol=1e-12)
    assert seen.in_view.all()


def test_rays_measure_planar_depth() -> None:
    forward = -geometry.rotation(SPECS[0])[:, 2]
    np.testing.assert_allclose(geometry.rays(SPECS[0], 4, 4) @ forward, 1.0)


def test_right_and_up_in_the_world_are_right_and_up_in_the_picture() -> None:
    spec = CameraSpec(position=(-2.0, 0.0, 0.0), target=(0.0, 0.0, 0.0), fov_y_deg=60.0)
    points = np.array([[[0.0, -0.2, 0.0], [0.0, 0.0, 0.2]]])  # it looks along +x: right is -y
    (right, up) = geometry.project(spec, points).uv[0]
    assert right[0] > 0.5 and right[1] == pytest.approx(0.5)
    assert up[1] < 0.5 and up[0] == pytest.approx(0.5)


def test_points_behind_or_beside_are_not_in_view() -> None:
    spec = CameraSpec(position=(-2.0, 0.0, 0.0), target=(0.0, 0.0, 0.0), fov_y_deg=60.0)
    seen = geometry.project(spec, np.array([[[-3.0, 0.0, 0.0], [0.0, 50.0, 0.0]]]))
    assert seen.in_front.tolist() == [[False, True]]
    assert not seen.in_view.any()
    assert np.isnan(seen.uv[0, 0]).all()


def test_a_following_camera_moves_along_its_axes_only() -> None:
    followed = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    position = geometry.pose(SPECS[2], 2, followed).position
    np.testing.assert_array_equal(position, [[-8.0, 0.0, 9.0], [-9.0, 0.0, 9.0]])


def test_a_following_camera_must_know_where_its_body_is() -> None:
    with pytest.raises(BadConfig, match="'car'"):
        geometry.pose(SPECS[2], 2)
    with pytest.raises(BadConfig, match="not \\(2, 3\\)"):
        geometry.pose(SPECS[2], 2, np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("position", "fov", "body", "axes", "word"),
    [
        ((0.0, 0.0, 0.0), 45.0, "", "", "same point"),
        ((1.0, 0.0, 0.0), 180.0, "", "", "fov_y_deg"),
        ((1.0, np.nan, 0.0), 45.0, "", "", "finite"),
        ((1.0, 0.0, 0.0), 45.0, "car", "", "both"),
        ((1.0, 0.0, 0.0), 45.0, "", "x", "both"),
        ((1.0, 0.0, 0.0), 45.0, "car", "xw", "'xw'"),
    ],
)
def test_a_camera_that_cannot_look_is_refused(
    position: tuple[float, float, float], fov: float, body: str, axes: str, word: str
) -> None:
    spec = CameraSpec(
        position=position,
        target=(0.0, 0.0, 0.0),
        fov_y_deg=fov,
        follow_body=body,
        follow_axes=axes,
    )
    with pytest.raises(BadConfig, match=word):
        geometry.check_camera(spec)


@pytest.mark.parametrize("spec", SPECS)
def test_positions_are_arrays_of_one_kind_for_one_and_for_many(spec: CameraSpec) -> None:
    """A kernel is compiled for each kind that it is given, which takes seconds."""
    for n in (1, 3):
        flags = geometry.pose(spec, n, np.zeros((n, 3))).position.flags
        assert flags.c_contiguous and flags.writeable and flags.owndata
