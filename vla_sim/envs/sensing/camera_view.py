"""The task's camera over the batch: pictures, hazard grids, and where points lie in the picture."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.sensing.sight import Sight, stretched
from vla_sim.physics.camera import camera_to_world, intrinsics, project
from vla_sim.physics.render import Picture, Renderer, make_renderer
from vla_sim.physics.render.ground import GroundPainter
from vla_sim.physics.render.light import Light, light_of
from vla_sim.protocols.engine import Engine
from vla_sim.records.camera import CameraSpec
from vla_sim.records.triple import GRID

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Lens = tuple[CameraSpec, Light, float]


class CameraView:
    """Renders some of the simulations, each in the sight of its own episode.

    Most share one camera and are drawn together. Positions that a policy sees are relative to what
    the camera follows, so that a picture and proprioception always speak of the same place.
    """

    def __init__(
        self,
        camera: CameraSpec,
        engine: Engine,
        *,
        renderer: str,
        size: int,
        n_threads: int,
        hazard_geoms: Ids,
    ) -> None:
        self.camera = camera
        self.engine = engine
        self.size = size
        self.renderer = make_renderer(renderer, engine.model, camera, size, size, n_threads)
        self.hazard_geoms = hazard_geoms
        self.plain = Sight(camera=camera, light=light_of(engine.model))
        self._name = renderer
        self._sights = [self.plain] * engine.n
        self._is_odd = np.zeros(engine.n, dtype=np.bool_)
        self._renderers: dict[Lens, Renderer] = {self.plain.lens: self.renderer}
        self._painters: dict[int, GroundPainter] = {}

    def see(self, slot: int, sight: Sight) -> None:
        """See the simulation `slot` like this from now on."""
        if sight is self._sights[slot]:
            return
        self._sights[slot] = sight
        self._is_odd[slot] = sight is not self.plain
        self._painters.pop(slot, None)
        if sight.pattern is not None:
            self._painters[slot] = GroundPainter(
                self.engine.model, sight.camera, self.size, sight.pattern
            )
        used = {self.plain.lens, *(other.lens for other in self._sights)}
        for lens in self._renderers.keys() - used:
            self._renderers.pop(lens).close()
        if sight.lens not in self._renderers:
            model = stretched(self.engine.model, sight.stretch)
            self._renderers[sight.lens] = make_renderer(
                self._name, model, sight.camera, self.size, self.size, light=sight.light
            )

    def followed(self) -> Floats | None:
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

    def relative_points(self, points: Floats) -> Floats:
        """World points (n, k, 3) relative to what the camera follows."""
        origin = self.followed()
        return points if origin is None else points - origin[:, None]

    def rgb(self, ids: Ids) -> NDArray[np.uint8]:
        """Pictures of the simulations `ids`, uint8 (m, size, size, 3)."""
        return self._render(ids, segmentation=False).rgb

    def rgb_and_hazard(self, ids: Ids) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
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

    def locate(self, points: Floats, ids: Ids) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Image positions (m, k, 2) in [0, 1] of world points (n, k, 3), and which are in view."""
        origin = self.followed()
        seen = project(self.camera, points[ids], None if origin is None else origin[ids])
        uv, in_view = seen.uv, seen.in_view
        for k in np.flatnonzero(self._is_odd[ids]):
            row = ids[k : k + 1]
            camera = self._sights[row[0]].camera
            own = project(camera, points[row], None if origin is None else origin[row])
            uv[k], in_view[k] = own.uv[0], own.in_view[0]
        return np.nan_to_num(uv, nan=-1.0).astype(np.float32), in_view

    def matrices(self, ids: Ids) -> tuple[Floats, Floats]:
        """Intrinsics (m, 3, 3) [px] and poses in the world (m, 4, 4) of the cameras of `ids`.

        Both as OpenCV has them: x to the right, y down, z forward.
        """
        origin, size = self.followed(), self.size
        lens = np.tile(intrinsics(self.camera, size, size), (len(ids), 1, 1))
        stands = camera_to_world(self.camera, len(ids), None if origin is None else origin[ids])
        for k in np.flatnonzero(self._is_odd[ids]):
            row = ids[k : k + 1]
            camera = self._sights[row[0]].camera
            lens[k] = intrinsics(camera, size, size)
            stands[k] = camera_to_world(camera, 1, None if origin is None else origin[row])[0]
        return lens, stands

    def _render(self, ids: Ids, *, segmentation: bool) -> Picture:
        if not self._is_odd[ids].any():
            return self._draw(self.renderer, ids, segmentation=segmentation)
        shape = (len(ids), self.size, self.size)
        rgb = np.empty((*shape, 3), dtype=np.uint8)
        geoms = np.empty(shape, dtype=np.int32) if segmentation else None
        lenses: dict[Lens, list[int]] = {}
        for k, slot in enumerate(ids):
            lenses.setdefault(self._sights[slot].lens, []).append(k)
        for lens, places in lenses.items():
            mine = ids[places]
            patterned = any(int(slot) in self._painters for slot in mine)
            picture = self._draw(
                self._renderers[lens], mine, segmentation=segmentation or patterned, depth=patterned
            )
            rgb[places] = self._painted(mine, picture) if patterned else picture.rgb
            if geoms is not None:
                assert picture.segmentation is not None
                geoms[places] = picture.segmentation
        return Picture(rgb=rgb, segmentation=geoms)

    def _draw(
        self, renderer: Renderer, ids: Ids, *, segmentation: bool, depth: bool = False
    ) -> Picture:
        origin = self.followed()
        rgba = self.engine.rgba[ids]
        for k in np.flatnonzero(self._is_odd[ids]):
            shades = self._sights[ids[k]].shades
            if shades is not None:
                shades.apply(rgba[k])
        return renderer.render(
            self.engine.geom_pos[ids],
            self.engine.geom_mat[ids],
            rgba,
            None if origin is None else origin[ids],
            depth=depth,
            segmentation=segmentation,
        )

    def _painted(self, ids: Ids, picture: Picture) -> NDArray[np.uint8]:
        """The pictures of `ids` with their own grounds."""
        assert picture.depth is not None and picture.segmentation is not None
        origin, rgb = self.followed(), picture.rgb
        for k, slot in enumerate(ids):
            if (painter := self._painters.get(int(slot))) is not None:
                follows = None if origin is None else origin[slot]
                rgb[k] = painter.paint(rgb[k], picture.depth[k], picture.segmentation[k], follows)
        return rgb
