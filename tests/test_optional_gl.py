"""MUJOCO_GL may say anything: what needs no GL does without, and what does says what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import vla_sim, mujoco
from vla_sim.errors import RenderBackendError
from vla_sim.physics.render import make_renderer
from vla_sim.records.camera import CameraSpec

try:
    mujoco.GLContext(8, 8)
except ImportError as error:
    print(error)
camera = CameraSpec(position=(1.0, 0.0, 0.0), target=(0.0, 0.0, 0.0), fov_y_deg=45.0)
try:
    make_renderer("gl", mujoco.MjModel.from_xml_string("<mujoco/>"), camera, 8, 8)
except RenderBackendError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("asked", "mujocos", "ours"),
    [
        ("nonsense", "invalid value for environment variable MUJOCO_GL", "MUJOCO_GL is 'nonsense'"),
        ("osmesa", "no glGetError", "GL backend 'osmesa' does not work here"),
    ],
)
def test_mujoco_is_imported_without_its_gl(
    asked: str, mujocos: str, ours: str, tmp_path: Path
) -> None:
    broken = tmp_path / "OpenGL" / "__init__.py"  # as PyOpenGL where a library is missing
    broken.parent.mkdir()
    broken.write_text("raise AttributeError('no glGetError')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = dict(os.environ, MUJOCO_GL=asked, PYTHONPATH=path)
    environment.pop("PYOPENGL_PLATFORM", None)  # which another test's GL may have set
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert mujocos in first
    assert ours in second
