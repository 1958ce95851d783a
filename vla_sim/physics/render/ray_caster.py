"""RayCaster: pictures of primitive geoms on the CPU, without GL."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics import camera as geometry
from vla_sim.physics.render.arguments import check_states, check_view
from vla_sim.physics.render.frame import Backdrop, Frames, empty_frames, empty_scratch
from vla_sim.physics.render.light import Light, light_of
from vla_sim.physics.render.paint import Paint
from vla_sim.physics.render.picture import Picture
from vla_sim.physics.render.ray_kernel import render_range
from vla_sim.physics.render.tables import scene_of
from vla_sim.records.camera import CameraSpec

RAY_CASTER_ID = "raycast-v1"


class RayCaster:
    """Draws planes, boxes, spheres, capsules, cylinders and ellipsoids; see `Renderer`.

    Colours are flat: textures are not drawn, and any alpha above 0 is opaque. What the camera
    always sees at the same pixels (all that never moves, for a fixed camera) is drawn once and
    kept; a simulation that recolours, hides or moves such a geom is drawn in full. A picture's bits
    depend on its own simulation only, neither on the batch nor on the number of threads.
    """

    n_samples: ClassVar[int] = 1
    """Pixels that are drawn along a side of each pixel of the picture."""

    def __init__(
        self,
        model: mujoco.MjModel,
        camera: CameraSpec,
        height: int,
        width: int,
        n_threads: int = 1,
        light: Light | None = None,
    ) -> None:
        """Prepare one camera of one model.

        Args:
            model: Compiled model.
            camera: The camera.
            height: Of the picture [pixels].
            width: Of the picture [pixels].
            n_threads: Threads over the simulations.
            light: The light; by default a sun from the model's first directional light.

        Raises:
            RenderBackendError: If the model shows a geom that is no primitive.
            BadConfig: If the camera cannot look, or a number is below 1.
        """
        check_view(camera, height, width, n_threads)
        self._camera = camera
        self._height, self._width = height * self.n_samples, width * self.n_samples
        self._n_geom = int(model.ngeom)
        self._paint = Paint.of(model)
        light = self.adapted(light or light_of(model))
        self._tint = None if light.is_white else np.array([*light.colour, 1.0], dtype=np.float32)
        self._scene = scene_of(model, camera, self._height, self._width, light)
        self._n_threads = n_threads
        self._pool = ThreadPoolExecutor(n_threads - 1, "raycast") if n_threads > 1 else None
        self._backdrop = self._draw_backdrop(model)

    @property
    def id(self) -> str:
        """The renderer's name and version in run cards."""
        return RAY_CASTER_ID

    def adapted(self, light: Light) -> Light:
        """The light that it draws by, from the one that was asked for."""
        return light

    @property
    def camera(self) -> CameraSpec:
        """The camera that it draws."""
        return self._camera

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
        """Draw n simulations; see `Renderer.render`."""
        check_states(self._n_geom, geom_pos, geom_mat, rgba)
        n = len(geom_pos)
        pos = np.ascontiguousarray(geom_pos, dtype=np.float64)
        mat = np.ascontiguousarray(geom_mat, dtype=np.float64)
        colours = self._lit(np.ascontiguousarray(rgba, dtype=np.float32))
        eye = geometry.pose(self._camera, n, followed).position
        n_pixels = self._height * self._width
        frames = empty_frames(
            n, n_pixels, n_depth=n if depth else 1, n_geom=n if segmentation else 1
        )
        self._draw(pos, mat, colours, eye, self._backdrop, frames)
        shape = (n, self._height, self._width)
        return Picture(
            rgb=frames.rgb.reshape(*shape, 3),
            depth=frames.depth.reshape(shape) if depth else None,
            segmentation=frames.geom.reshape(shape) if segmentation else None,
        )

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def _lit(self, rgba: NDArray[np.float32]) -> NDArray[np.float32]:
        """The geoms' colours (n, ngeom, 4) in light of this colour."""
        colours = self._paint.apply(rgba)
        return colours if self._tint is None else colours * self._tint

    def _draw_backdrop(self, model: mujoco.MjModel) -> Backdrop:
        """Draw what is still, in the model's default pose and colours."""
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        pos = np.array(data.geom_xpos, dtype=np.float64).reshape(1, -1, 3)
        mat = np.array(data.geom_xmat, dtype=np.float64).reshape(1, -1, 9)
        rgba = self._lit(np.array(model.geom_rgba, dtype=np.float32)[None])
        frames = empty_frames(1, self._height * self._width, n_depth=1, n_geom=1)
        own = Backdrop(
            rgb=frames.rgb[0],
            depth=frames.depth[0],
            geom=frames.geom[0],
            brightness=frames.brightness[0],
            pos=pos[0],
            mat=mat[0],
            rgba=rgba[0],
            valid=False,
        )
        only_still = np.where(self._scene.shapes.still[:, None], rgba, np.float32(0.0))
        eye = geometry.pose(self._camera, 1, np.zeros((1, 3))).position
        self._draw(pos, mat, only_still, eye, own, frames)
        return own._replace(valid=True)

    def _draw(
        self,
        pos: NDArray[np.float64],
        mat: NDArray[np.float64],
        rgba: NDArray[np.float32],
        eye: NDArray[np.float64],
        backdrop: Backdrop,
        frames: Frames,
    ) -> None:
        """Cut the batch into ranges; each range has its own scratch for what nobody keeps."""

        def draw_range(first: int, last: int) -> None:
            own = Frames(
                frames.rgb,
                frames.depth if len(frames.depth) == len(pos) else np.empty_like(frames.depth),
                frames.geom if len(frames.geom) == len(pos) else np.empty_like(frames.geom),
                frames.brightness if len(pos) == 1 else np.empty_like(frames.brightness),
            )
            render_range(
                first,
                last,
                pos,
                mat,
                rgba,
                eye,
                self._scene,
                backdrop,
                empty_scratch(self._n_geom, self._width),
                own,
            )

        # As many ranges as threads, the first of them here: handing out smaller ones costs more, in
        # waiting for the interpreter, than an even load gains.
        n_ranges = max(min(self._n_threads, len(pos)), 1)
        cuts = np.linspace(0, len(pos), n_ranges + 1).astype(int).tolist()
        ranges = list(itertools.pairwise(cuts))
        others = [self._pool.submit(draw_range, *r) for r in ranges[1:]] if self._pool else []
        draw_range(*ranges[0])
        for other in others:
            other.result()
