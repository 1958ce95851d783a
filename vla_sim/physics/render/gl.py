"""GlRenderer: pictures by mujoco.Renderer, for what the ray caster cannot draw."""

import copy
import importlib
import os
import warnings

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import RenderBackendError
from vla_sim.physics import camera as geometry
from vla_sim.physics.render.arguments import check_states, check_view
from vla_sim.physics.render.gl_probe import HOW_TO_GET_GL, choose_backend
from vla_sim.physics.render.light import Light, light_of
from vla_sim.physics.render.paint import Paint
from vla_sim.physics.render.picture import Picture
from vla_sim.records.camera import CameraSpec

GL_RENDERER = 0x1F01
FLAGS_OFF = (
    mujoco.mjtRndFlag.mjRND_SHADOW,
    mujoco.mjtRndFlag.mjRND_REFLECTION,
    mujoco.mjtRndFlag.mjRND_SKYBOX,
    mujoco.mjtRndFlag.mjRND_FOG,
    mujoco.mjtRndFlag.mjRND_HAZE,
)


class GlRenderer:
    """`Renderer` through mujoco.Renderer, set for speed in software.

    No multisampling, no shadow maps, no reflections, no sky, few facets: the flags weigh far more
    than the choice of backend. It draws in the calling thread, and one process can use one backend.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        camera: CameraSpec,
        height: int,
        width: int,
        n_threads: int = 1,
        light: Light | None = None,
        n_slices: int = 8,
    ) -> None:
        """Open a GL context for one camera of one model.

        Args:
            model: Compiled model.
            camera: The camera.
            height: Of the picture [pixels].
            width: Of the picture [pixels].
            n_threads: Ignored; here so that all renderers are built alike.
            light: The light, without its shadows; the same default as the ray caster's.
            n_slices: Facets around a round geom.

        Raises:
            RenderBackendError: If there is no working GL; says what to install.
            BadConfig: If the camera cannot look, or a size is below 1.
        """
        check_view(camera, height, width, n_threads)
        self._camera = camera
        self._height, self._width = height, width
        self._model = _tuned(model, camera, height, width, n_slices)
        self._paint = Paint.of(model)
        self._data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._data)
        self._option = mujoco.MjvOption()
        for groups in ("site", "joint", "tendon", "actuator", "skin", "flex"):
            getattr(self._option, f"{groups}group")[:] = 0
        self._light = light or light_of(model)
        self._backend = choose_backend()
        self._renderer = _open(self._model, height, width, self._backend)
        for flag in FLAGS_OFF:
            self._renderer.scene.flags[int(flag)] = 0

    @property
    def id(self) -> str:
        """The renderer's name in run cards, with the GL backend."""
        return f"mujoco-gl-{self._backend}"

    @property
    def driver(self) -> str:
        """What the GL library calls itself."""
        name = importlib.import_module("OpenGL.GL").glGetString(GL_RENDERER)
        return name.decode() if isinstance(name, bytes) else str(name)

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
        check_states(self._model.ngeom, geom_pos, geom_mat, rgba)
        n = len(geom_pos)
        seen = geometry.pose(self._camera, n, followed)
        view = _free_camera(self._camera)
        offset = np.subtract(self._camera.target, self._camera.position)
        colours = self._paint.apply(rgba)
        shape = (n, self._height, self._width)
        picture = Picture(
            rgb=np.empty((*shape, 3), dtype=np.uint8),
            depth=np.empty(shape, dtype=np.float32) if depth else None,
            segmentation=np.empty(shape, dtype=np.int32) if segmentation else None,
        )
        for i in range(n):
            self._data.geom_xpos[:] = geom_pos[i]
            self._data.geom_xmat[:] = geom_mat[i]
            self._model.geom_rgba[:] = colours[i]
            view.lookat[:] = seen.position[i] + offset
            self._renderer.update_scene(self._data, view, self._option)
            _set_light(self._renderer.scene, self._light)
            self._draw(i, picture)
        return picture

    def close(self) -> None:
        """Free the GL context."""
        self._renderer.close()

    def _draw(self, i: int, picture: Picture) -> None:
        """Draw the present scene into row i of each wanted channel."""
        self._renderer.render(out=picture.rgb[i])
        if picture.depth is not None:
            self._renderer.enable_depth_rendering()
            self._renderer.render(out=picture.depth[i])
            self._renderer.disable_depth_rendering()
        if picture.segmentation is not None:
            self._renderer.enable_segmentation_rendering()
            ids = self._renderer.render()
            self._renderer.disable_segmentation_rendering()
            is_geom = ids[..., 1] == int(mujoco.mjtObj.mjOBJ_GEOM)
            picture.segmentation[i] = np.where(is_geom, ids[..., 0], -1)


def _tuned(
    model: mujoco.MjModel, camera: CameraSpec, height: int, width: int, n_slices: int
) -> mujoco.MjModel:
    """A copy of the model with the visual settings of this room."""
    tuned = copy.deepcopy(model)
    tuned.vis.quality.shadowsize = 0
    tuned.vis.quality.offsamples = 0
    tuned.vis.quality.numslices = n_slices
    tuned.vis.quality.numstacks = max(n_slices // 2, 2)
    tuned.vis.quality.numquads = 1
    tuned.vis.global_.offheight = height
    tuned.vis.global_.offwidth = width
    tuned.vis.global_.fovy = camera.fov_y_deg
    # MuJoCo draws a plane as a grid, an endless one as a fine grid, which alone takes five times as
    # long as an arm with its table.
    far = model.vis.map.zfar * model.stat.extent
    is_plane = model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE)
    sides = model.geom_size[is_plane, :2]
    tuned.geom_size[is_plane, :2] = np.where(sides > 0.0, sides, far)
    tuned.geom_size[is_plane, 2] = far
    tuned.geom_matid[:] = np.where(_is_textured(model), model.geom_matid, -1)
    return tuned


def _is_textured(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Which geoms have a material with a texture; the others' materials are only a colour."""
    textured = np.append((model.mat_texid >= 0).any(axis=-1), False)
    return np.asarray(textured[model.geom_matid])


def _free_camera(spec: CameraSpec) -> mujoco.MjvCamera:
    """MuJoCo's free camera with the spec's distance and angles."""
    x, y, z = np.subtract(spec.target, spec.position)
    view = mujoco.MjvCamera()
    view.type = int(mujoco.mjtCamera.mjCAMERA_FREE)
    view.distance = float(np.linalg.norm([x, y, z]))
    view.azimuth = float(np.rad2deg(np.arctan2(y, x)))
    view.elevation = float(np.rad2deg(np.arctan2(z, np.hypot(x, y))))
    return view


def _set_light(scene: mujoco.MjvScene, light: Light) -> None:
    """Replace the scene's lights by the one of this room, so that both renderers light alike."""
    x, y, z = light.build().direction
    scene.nlight = 1
    lamp = scene.lights[0]
    lamp.type = int(mujoco.mjtLightType.mjLIGHT_DIRECTIONAL)
    lamp.castshadow = 0
    lamp.headlight = 0
    lamp.dir[:] = -x, -y, -z
    colour = np.asarray(light.colour)
    lamp.ambient[:] = (light.ambient + 0.5 * light.sky) * colour
    lamp.diffuse[:] = light.sun * colour
    lamp.specular[:] = 0.0


def _open(model: mujoco.MjModel, height: int, width: int, backend: str) -> mujoco.Renderer:
    """A mujoco.Renderer on the given backend.

    mujoco chooses its backend when it is imported, long before anyone asks for pictures; handing
    it the context class is the way to choose later.
    """
    # llvmpipe would start a thread per core in every process, and two such processes are no faster
    # than one.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    from mujoco.rendering.classic import gl_context

    before = gl_context.GLContext
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # glfw warns about what we raise
            gl_context.GLContext = importlib.import_module(f"mujoco.{backend}").GLContext
            return mujoco.Renderer(model, height, width)
    except Exception as error:  # PyOpenGL fails with whatever a missing library led it to
        raise RenderBackendError(
            f"GL backend {backend!r} does not work here ({type(error).__name__}: {error}); "
            f"{HOW_TO_GET_GL}"
        ) from error
    finally:
        gl_context.GLContext = before
