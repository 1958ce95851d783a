"""Which GL backends work on this machine: each is tried in a process of its own.

A GL library that does not fit can abort the process, so no backend is trusted before a child has
drawn known pixels with it. Run as `python -m vla_sim.physics.render.gl_probe egl`.
"""

import functools
import os
import subprocess
import sys
from dataclasses import dataclass

from vla_sim.errors import RenderBackendError

BACKENDS = {
    "egl": "libegl1 libegl-mesa0 libgl1-mesa-dri",
    "osmesa": "libosmesa6",
    "glfw": "libgl1 libgl1-mesa-dri xvfb",
}
"""Backends in order of preference, with the Debian packages that they need."""
HOW_TO_GET_GL = (
    f"install one with `apt-get install {BACKENDS['egl']}` (MUJOCO_GL=egl) or "
    f"`apt-get install {BACKENDS['osmesa']}` (MUJOCO_GL=osmesa), or use the default renderer, "
    "`--renderer raycast`, which needs no GL"
)
TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class GlProbe:
    """Whether one backend draws.

    Attributes:
        backend: Its name.
        ok: It drew the right pixels.
        detail: The GL's own name, or what went wrong.
    """

    backend: str
    ok: bool
    detail: str


@functools.cache
def probe(backend: str) -> GlProbe:
    """Try one backend; remembered for the life of this process."""
    command = [sys.executable, "-m", "vla_sim.physics.render.gl_probe", backend]
    environment = dict(os.environ, MUJOCO_GL=backend)
    environment.pop("PYOPENGL_PLATFORM", None)
    try:
        child = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return GlProbe(backend=backend, ok=False, detail=f"no answer in {TIMEOUT_S:.0f} s")
    lines = (child.stdout if child.returncode == 0 else child.stderr).strip().splitlines()
    detail = lines[-1] if lines else f"the process ended with code {child.returncode}"
    return GlProbe(backend=backend, ok=child.returncode == 0, detail=detail)


def choose_backend() -> str:
    """The backend that MUJOCO_GL names, else the first that works.

    Raises:
        RenderBackendError: If MUJOCO_GL names none of ours, or nothing works.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower().strip()
    if asked:
        if asked not in BACKENDS:
            raise RenderBackendError(f"MUJOCO_GL is {asked!r}; use one of {', '.join(BACKENDS)}")
        return asked
    tried = []
    for backend in BACKENDS:
        result = probe(backend)
        if result.ok:
            return backend
        tried.append(f"{backend}: {result.detail}")
    raise RenderBackendError(f"no GL works here ({'; '.join(tried)}); {HOW_TO_GET_GL}")


def draw_known_pixels() -> str:
    """Draw the self-test with the backend in MUJOCO_GL and compare its pixels.

    Returns:
        The name of the GL that drew.

    Raises:
        RenderBackendError: If GL does not start, or the pixels are wrong.
    """
    # Here, because a parent that only wants to choose a backend must not load GL.
    from vla_sim.physics.render import self_test
    from vla_sim.physics.render.gl import GlRenderer

    model, camera = self_test.self_test_scene()
    renderer = GlRenderer(model, camera, self_test.SIZE_PIXELS, self_test.SIZE_PIXELS)
    picture = self_test.draw_self_test(renderer, model)
    driver = renderer.driver
    renderer.close()
    self_test.check_self_test(picture)
    return driver


if __name__ == "__main__":
    try:
        print(draw_known_pixels())
    except RenderBackendError as error:
        reason = error.__cause__ or error
        sys.exit(f"{type(reason).__name__}: {reason}")
