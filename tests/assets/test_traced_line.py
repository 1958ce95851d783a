"""Places on a traced line, against the line cut into very many points."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.assets.traced_line import LINK_M, LOW_M, NEAR_M, nearest_on, point_on, traced

Floats = NDArray[np.float64]
N_LINKS = 6


def winding_lines(n: int) -> Floats:
    rng = np.random.default_rng(0)
    heading = rng.uniform(-0.7, 0.7, (n, N_LINKS))
    links = LINK_M * np.stack([np.sin(heading), np.cos(heading)], axis=-1)
    return np.concatenate([np.zeros((n, 1, 2)), np.cumsum(links, axis=1)], axis=1)


def test_the_nearest_place_is_that_of_ten_thousand_places() -> None:
    path = winding_lines(40)
    point = np.random.default_rng(1).uniform(-0.1, 0.3, (40, 2))
    along, aside = nearest_on(path, point)
    cut = np.linspace(0.0, N_LINKS, 10_001)
    places = point_on(path[:, None], np.broadcast_to(cut, (40, len(cut))))
    away = np.linalg.norm(places - point[:, None], axis=-1)
    np.testing.assert_allclose(aside, away.min(axis=1), atol=1e-5)
    np.testing.assert_allclose(
        point_on(path, along), places[np.arange(40), away.argmin(1)], atol=1e-4
    )


def test_a_place_on_a_line_is_found_again_and_ends_at_its_ends() -> None:
    path = winding_lines(7)
    for said in (0.0, 0.3, 2.0, 5.99, 6.0):
        along, aside = nearest_on(path, point_on(path, np.full(7, said)))
        np.testing.assert_allclose(along, said, atol=1e-9)
        np.testing.assert_allclose(aside, 0.0, atol=1e-9)
    np.testing.assert_array_equal(point_on(path, np.full(7, -2.0)), path[:, 0])
    np.testing.assert_allclose(point_on(path, np.full(7, 99.0)), path[:, -1], atol=1e-15)


@pytest.mark.parametrize(
    ("along", "aside", "z", "said"),
    [
        (2.5, 0.0, LOW_M - 1e-3, 2.5),
        (2.5, 0.0, LOW_M + 1e-3, -1.0),
        (2.5, NEAR_M - 1e-3, 0.03, 2.5),
        (2.5, NEAR_M + 1e-3, 0.03, -1.0),
        (N_LINKS - 0.1, 0.0, 0.03, -1.0),
    ],
)
def test_what_is_traced_is_read_off_the_present(
    along: float, aside: float, z: float, said: float
) -> None:
    """High, far aside or at the end of the line, the hand begins anew."""
    straight = np.stack([np.zeros(N_LINKS + 1), LINK_M * np.arange(N_LINKS + 1)], axis=-1)
    tool = np.array([[aside, along * LINK_M, z]])
    np.testing.assert_allclose(traced(straight[None], tool), said, atol=1e-9)
