"""Which GL backends work on this machine: each is tried in a process of its own.

A GL library that does not fit can abort the process, so no backend is trusted before a child has
drawn known pixels with it, see `gl_trial`.
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
ANY = ("", "1", "on", "true", "enable", "enabled")
"""What MUJOCO_GL may hold beside a backend's name, as mujoco reads it: any that works."""
HOW_TO_GET_GL = (
    f"install one with `apt-get install {BACKENDS['egl']}` (MUJOCO_GL=egl) or "
    f"`apt-get install {BACKENDS['osmesa']}` (MUJOCO_GL=osmesa), or use the default renderer, "
    "`--crank.renderer raycast`, which needs no GL"
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
    command = [sys.executable, "-m", "vla_sim.physics.render.gl_trial"]
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


def asked_backend() -> str | None:
    """The backend that MUJOCO_GL names; None where it leaves the choice to us.

    Raises:
        RenderBackendError: If it names none of ours.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower().strip()
    if asked in ANY:
        return None
    if asked not in BACKENDS:
        raise RenderBackendError(
            f"MUJOCO_GL is {asked!r}; use one of {', '.join(BACKENDS)}, or unset it"
        )
    return asked


def choose_backend() -> str:
    """The backend that MUJOCO_GL names, else the first that works.

    Raises:
        RenderBackendError: If MUJOCO_GL names none of ours, or nothing works.
    """
    if (asked := asked_backend()) is not None:
        return asked
    tried = []
    for backend in BACKENDS:
        result = probe(backend)
        if result.ok:
            return backend
        tried.append(f"{backend}: {result.detail}")
    raise RenderBackendError(f"no GL works here ({'; '.join(tried)}); {HOW_TO_GET_GL}")
