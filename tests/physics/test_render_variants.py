"""What other settings, other light and other grounds do to pictures, and what they leave alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.render_scenes import FIXED, Shots, random_scene, shots
from vla_sim.physics.render import Picture, make_renderer
from vla_sim.physics.render.ground import PATTERN_KINDS, GroundPainter, GroundPattern
from vla_sim.physics.render.light import light_of

SIZE = 48


@pytest.fixture(scope="module")
def seen() -> Shots:
    return shots(random_scene(1), n=2, seed=1)


def drawn(seen: Shots, name: str = "raycast", size: int = SIZE) -> Picture:
    renderer = make_renderer(name, seen.model, FIXED, size, size)
    picture = renderer.render(*seen.arrays, depth=True, segmentation=True)
    renderer.close()
    return picture


def test_without_shadows_nothing_is_darker_and_something_is_lighter(seen: Shots) -> None:
    plain, bright = drawn(seen), drawn(seen, "raycast-shadowless")
    assert (bright.rgb >= plain.rgb).all()
    assert (bright.rgb > plain.rgb).any()
    np.testing.assert_array_equal(bright.segmentation, plain.segmentation)


def test_the_smooth_picture_is_the_mean_of_one_twice_as_large(seen: Shots) -> None:
    smooth, large = drawn(seen, "raycast-smooth"), drawn(seen, size=2 * SIZE)
    blocks = large.rgb.reshape(2, SIZE, 2, SIZE, 2, 3).astype(float).mean(axis=(2, 4))
    assert smooth.rgb.shape == (2, SIZE, SIZE, 3)
    assert np.abs(smooth.rgb - blocks).max() <= 0.5


def test_coloured_light_scales_channels(seen: Shots) -> None:
    light = replace(light_of(seen.model), colour=(0.5, 1.0, 0.25))
    renderer = make_renderer("raycast", seen.model, FIXED, SIZE, SIZE, light=light)
    tinted, plain = renderer.render(*seen.arrays).rgb, drawn(seen).rgb
    renderer.close()
    for channel, factor in enumerate(light.colour):
        expected = plain[..., channel] * factor
        unclipped = plain[..., channel] < 255
        assert np.abs(tinted[..., channel] - expected)[unclipped].max() <= 1.0


def painted(seen: Shots, picture: Picture, pattern: GroundPattern) -> NDArray[np.uint8]:
    painter = GroundPainter(seen.model, FIXED, SIZE, pattern)
    assert picture.depth is not None and picture.segmentation is not None
    return painter.paint(picture.rgb[0], picture.depth[0], picture.segmentation[0], None)


@pytest.mark.parametrize("kind", PATTERN_KINDS)
def test_a_pattern_changes_ground_and_sky_only(seen: Shots, kind: str) -> None:
    picture = drawn(seen)
    assert picture.segmentation is not None
    pattern = GroundPattern(
        kind=next(k for k in PATTERN_KINDS if k == kind),
        cell_m=0.3,
        contrast=0.3,
        ground=(0.8, 1.0, 1.1),
        sky=(0.9, 0.9, 1.0),
    )
    other = painted(seen, picture, pattern)
    changed = (other != picture.rgb[0]).any(axis=-1)
    solid = picture.segmentation[0] > 1  # geoms 0 and 1 are planes
    assert not changed[solid].any()
    assert changed[picture.segmentation[0] == 0].mean() > 0.9
    np.testing.assert_array_equal(painted(seen, picture, GroundPattern()), picture.rgb[0])
