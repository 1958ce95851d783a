import os
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from tests.physics.render_scenes import FIXED, FOLLOWING, random_scene, shots
from vla_sim.errors import RenderBackendError, UnknownName
from vla_sim.physics.render import gl_probe, make_renderer
from vla_sim.physics.render.gl_probe import BACKENDS, choose_backend, probe
from vla_sim.records.camera import CameraSpec


def needs_gl() -> str:
    """The backend that works here; skips the test where none does."""
    try:
        backend = choose_backend()
    except RenderBackendError as error:
        pytest.skip(str(error))
    result = probe(backend)
    if not result.ok:
        pytest.skip(f"{backend}: {result.detail}")
    return backend


@pytest.mark.parametrize("camera", [FIXED, FOLLOWING], ids=["fixed", "following"])
def test_both_renderers_show_the_same_geoms(camera: CameraSpec) -> None:
    backend = needs_gl()
    for seed in range(3):
        seen = shots(random_scene(seed), n=3, seed=seed)
        seen.rgba[:, seen.model.ngeom - 1, 3] = 0.0  # one of them hidden
        pictures = []
        for name in ("raycast", "gl"):
            renderer = make_renderer(name, seen.model, camera, 64, 64)
            pictures.append(renderer.render(*seen.arrays, depth=True, segmentation=True))
            renderer.close()
        ray, gl = pictures
        assert ray.depth is not None and ray.segmentation is not None
        assert gl.depth is not None and gl.segmentation is not None
        same = ray.segmentation == gl.segmentation
        assert same.mean() >= 0.98
        flat = same & np.isin(ray.segmentation, [0, 1, 2])  # ground, mat and table have no facets
        np.testing.assert_allclose(ray.depth[flat], gl.depth[flat], rtol=1e-3)
        difference = np.abs(ray.rgb[same].astype(int) - gl.rgb[same])
        assert np.median(difference) <= 25  # the same light; GL leaves out the shadows
    assert renderer.id == f"mujoco-gl-{backend}"
    assert renderer.camera == camera


def test_gl_draws_what_the_ray_caster_refuses() -> None:
    needs_gl()
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><asset><mesh name="t" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset><worldbody>'
        '<geom name="tetra" type="mesh" mesh="t" rgba="1 0 0 1"/></worldbody></mujoco>'
    )
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    renderer = make_renderer("gl", model, FIXED, 32, 32)
    picture = renderer.render(
        np.array(data.geom_xpos)[None],
        np.array(data.geom_xmat)[None],
        np.array(model.geom_rgba)[None],
        segmentation=True,
    )
    renderer.close()
    assert picture.segmentation is not None
    assert (picture.segmentation == 0).sum() > 50


def test_an_unknown_renderer_is_named_with_those_that_exist() -> None:
    model = mujoco.MjModel.from_xml_string("<mujoco/>")
    with pytest.raises(UnknownName, match="'povray'; there are 'gl', 'raycast'"):
        make_renderer("povray", model, FIXED, 8, 8)


def test_an_unknown_backend_is_named_with_those_that_exist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "vulkan")
    with pytest.raises(RenderBackendError, match="'vulkan'; use one of egl, osmesa, glfw"):
        choose_backend()


def test_a_machine_without_gl_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # GLFW cannot start without a display: a real backend that really fails, in its own process.
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(gl_probe, "BACKENDS", {"glfw": BACKENDS["glfw"]})
    with pytest.raises(RenderBackendError) as caught:
        choose_backend()
    assert "no GL works here (glfw: " in str(caught.value)
    assert BACKENDS["egl"] in str(caught.value) and BACKENDS["osmesa"] in str(caught.value)
    assert "--crank.renderer raycast" in str(caught.value)


def test_a_backend_that_was_asked_for_and_does_not_start_is_an_error() -> None:
    code = (
        "import mujoco\n"
        "from tests.physics.render_scenes import FIXED\n"
        "from vla_sim.physics.render import make_renderer\n"
        "make_renderer('gl', mujoco.MjModel.from_xml_string('<mujoco/>'), FIXED, 8, 8)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith("DISPLAY")}
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"MUJOCO_GL": "glfw"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = child.stderr.strip().splitlines()[-1]
    assert "RenderBackendError: GL backend 'glfw' does not work here" in last
    assert "--crank.renderer raycast" in last


def test_importing_the_renderers_loads_neither_gl_nor_numba() -> None:
    code = (
        "import sys, vla_sim.physics.render\n"
        "loaded = [m for m in ('OpenGL', 'numba', 'torch') if m in sys.modules]\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "MUJOCO_GL"}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
