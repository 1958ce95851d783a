"""The renderers by name."""

from collections.abc import Callable

import mujoco

from vla_sim.errors import UnknownName
from vla_sim.physics.render.light import Light
from vla_sim.physics.render.picture import Renderer
from vla_sim.records.camera import CameraSpec

Maker = Callable[[mujoco.MjModel, CameraSpec, int, int, int, Light | None], Renderer]


def _ray_caster() -> Maker:
    # Here, because numba takes as long to import as the rest of the package.
    from vla_sim.physics.render.ray_caster import RayCaster

    return RayCaster


def _shadowless() -> Maker:
    from vla_sim.physics.render.variants import Shadowless

    return Shadowless


def _supersampled() -> Maker:
    from vla_sim.physics.render.variants import Supersampled

    return Supersampled


def _gl() -> Maker:
    # Here, because it has to set environment variables before a GL library is loaded.
    from vla_sim.physics.render.gl import GlRenderer

    return GlRenderer


RENDERERS: dict[str, Callable[[], Maker]] = {
    "raycast": _ray_caster,
    "raycast-shadowless": _shadowless,
    "raycast-smooth": _supersampled,
    "gl": _gl,
}
"""Each loads its renderer when it is first asked for."""


def make_renderer(
    name: str,
    model: mujoco.MjModel,
    camera: CameraSpec,
    height: int,
    width: int,
    n_threads: int = 1,
    light: Light | None = None,
) -> Renderer:
    """Build the renderer `name` for one camera of one model.

    Args:
        name: A name in RENDERERS.
        model: Compiled model.
        camera: The camera.
        height: Of the picture [pixels].
        width: Of the picture [pixels].
        n_threads: Threads over the simulations; a GL renderer draws in one thread.
        light: The light; by default a sun from the model's first directional light.

    Raises:
        UnknownName: If there is no such renderer.
        RenderBackendError: If it cannot draw this model, or not on this machine.
        BadConfig: If the camera cannot look.
    """
    if name not in RENDERERS:
        raise UnknownName("renderer", name, RENDERERS)
    return RENDERERS[name]()(model, camera, height, width, n_threads, light)
