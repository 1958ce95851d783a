"""A film in a page ends on what came of it, however many of its frames are left out."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vla_sim.eval.report.pictures import MAX_FRAMES, film_uri, thinned


@pytest.mark.parametrize("n", [1, 2, MAX_FRAMES, MAX_FRAMES + 2, 3 * MAX_FRAMES])
def test_a_film_rests_on_its_last_frame(n: int) -> None:
    frames = np.zeros((n, 16, 16, 3), dtype=np.uint8)
    frames[-1] = 255
    stored = base64.b64decode(film_uri(frames, 0.05).partition(",")[2])
    with Image.open(BytesIO(stored)) as film:
        film.seek(getattr(film, "n_frames", 1) - 1)
        assert np.asarray(film.convert("RGB")).mean() > 200


@pytest.mark.parametrize(("n", "kept"), [(1, [0]), (6, [0, 2, 4, 5]), (7, [0, 2, 4, 6])])
def test_frames_are_left_out_evenly_and_never_the_last(n: int, kept: list[int]) -> None:
    frames = np.arange(n, dtype=np.uint8)[:, None, None, None]
    assert thinned(frames, 2).ravel().tolist() == kept
