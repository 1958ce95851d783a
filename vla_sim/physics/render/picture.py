"""Picture: what a renderer returns, and the role that every renderer plays."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.camera import CameraSpec


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What one camera sees in n simulations.

    Attributes:
        rgb: uint8 (n, h, w, 3).
        depth: float32 (n, h, w), distance along the line of sight [m]; where nothing is, the
            model's far plane. None if it was not asked for.
        segmentation: int32 (n, h, w), geom ids, -1 where nothing is. None if not asked for.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32] | None = None
    segmentation: NDArray[np.int32] | None = None


class Renderer(Protocol):
    """Draws one camera of one model for many simulations.

    Geoms of group 3 and above (collision shapes) and geoms with alpha 0 are not drawn.
    """

    @property
    def id(self) -> str:
        """What stands in a run card: equal ids draw equal pictures of equal states."""
        ...

    @property
    def camera(self) -> CameraSpec:
        """The camera that it draws."""
        ...

    def render(
        self,
        geom_pos: NDArray[np.float64],
        geom_mat: NDArray[np.float64],
        rgba: NDArray[np.float32],
        followed: NDArray[np.float64] | None = None,
        *,
        depth: bool = False,
        segmentation: bool = False,
    ) -> Picture:
        """Draw n simulations.

        Args:
            geom_pos: World positions of all geoms [m], shape (n, ngeom, 3).
            geom_mat: Row-major rotation matrices, shape (n, ngeom, 9).
            rgba: Colours in [0, 1], shape (n, ngeom, 4); alpha 0 hides a geom.
            followed: Position of the body that the camera follows [m], shape (n, 3).
            depth: Return the depth too.
            segmentation: Return the segmentation too.

        Raises:
            BadConfig: If shapes do not fit the model, or `followed` is missing.
        """
        ...

    def close(self) -> None:
        """Release threads or contexts; the renderer cannot be used afterwards."""
        ...
