"""Arguments: what every renderer asks of a view and of the states that it draws."""

from typing import Any

from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.physics.camera import check_camera
from vla_sim.records.camera import CameraSpec


def check_view(camera: CameraSpec, height: int, width: int, n_threads: int) -> None:
    """Raise where there is nothing to draw.

    Raises:
        BadConfig: If the camera cannot look, or a number is below 1.
    """
    if min(height, width, n_threads) < 1:
        raise BadConfig(f"height {height}, width {width}, n_threads {n_threads}: all from 1 up")
    check_camera(camera)


def check_states(
    n_geom: int, geom_pos: NDArray[Any], geom_mat: NDArray[Any], rgba: NDArray[Any]
) -> None:
    """Raise where arrays are no states of the model, see `Renderer.render`.

    Raises:
        BadConfig: Names the array and the shape that it should have.
    """
    for name, array, width in (
        ("geom_pos", geom_pos, 3),
        ("geom_mat", geom_mat, 9),
        ("rgba", rgba, 4),
    ):
        if array.shape != (len(geom_pos), n_geom, width):
            raise BadConfig(f"{name} is {array.shape}, not ({len(geom_pos)}, {n_geom}, {width})")
