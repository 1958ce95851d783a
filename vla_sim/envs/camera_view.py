"""The task's camera over the batch: pictures, hazard grids, and where points lie in the picture."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.camera import project
from vla_sim.physics.render import Picture, make_renderer
from vla_sim.protocols.engine import Engine
from vla_sim.records.camera import CameraSpec
from vla_sim.records.triple import GRID


class CameraView:
    """Renders some of the simulations through one camera.

    Positions that a policy sees are relative to what the camera follows, so that a picture and
    proprioception always speak of the same place.
    """

    def __init__(
        self,
        camera: CameraSpec,
        engine: Engine,
        *,
        renderer: str,
        size: int,
        n_threads: int,
        hazard_geoms: NDArray[np.int64],
    ) -> None:
        self.camera = camera
        self.engine = engine
        self.size = size
        self.renderer = make_renderer(renderer, engine.model, camera, size, size, n_threads)
        self.hazard_geoms = hazard_geoms

    def followed(self) -> NDArray[np.float64] | None:
        """(n, 3) position of what the camera follows [m], zero along axes it does not follow."""
        if not self.camera.follow_body:
            return None
        position = self.engine.body_pos(self.camera.follow_body).copy()
        for axis, letter in enumerate("xyz"):
            if letter not in self.camera.follow_axes:
                position[:, axis] = 0.0
        return position

    def relative(self, proprio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Proprioception (n, n_proprio) with its position relative to what the camera follows."""
        origin = self.followed()
        if origin is None:
            return proprio
        moved = proprio.copy()
        moved[:, :3] -= origin.astype(np.float32)
        return moved

    def relative_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """World points (n, k, 3) relative to what the camera follows."""
        origin = self.followed()
        return points if origin is None else points - origin[:, None]

    def rgb(self, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pictures of the simulations `ids`, uint8 (m, size, size, 3)."""
        return self._render(ids, segmentation=False).rgb

    def rgb_and_hazard(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pictures, and how much of each cell (m, GRID, GRID) shows a hazard, 255 for all of it."""
        if not len(self.hazard_geoms):
            return self.rgb(ids), np.zeros((len(ids), GRID, GRID), dtype=np.uint8)
        picture = self._render(ids, segmentation=True)
        assert picture.segmentation is not None
        hazard = np.isin(picture.segmentation, self.hazard_geoms)
        edges = np.linspace(0, self.size, GRID + 1).astype(int)[:-1]
        rows = np.add.reduceat(hazard.astype(np.int64), edges, axis=1)
        counts = np.add.reduceat(rows, edges, axis=2)
        sides = np.diff(np.append(edges, self.size))
        shares = 255 * counts // (sides[:, None] * sides)
        return picture.rgb, shares.astype(np.uint8)

    def locate(
        self, points: NDArray[np.float64], ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Image positions (m, k, 2) in [0, 1] of world points (n, k, 3), and which are in view."""
        origin = self.followed()
        seen = project(self.camera, points[ids], None if origin is None else origin[ids])
        return np.nan_to_num(seen.uv, nan=-1.0).astype(np.float32), seen.in_view

    def _render(self, ids: NDArray[np.int64], *, segmentation: bool) -> Picture:
        origin = self.followed()
        return self.renderer.render(
            self.engine.geom_pos[ids],
            self.engine.geom_mat[ids],
            self.engine.rgba[ids],
            None if origin is None else origin[ids],
            segmentation=segmentation,
        )
