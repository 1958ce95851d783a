import os
import subprocess
import sys
from pathlib import Path

import pytest

from vla_sim.physics import doctor
from vla_sim.physics.render import gl_probe


@pytest.fixture(scope="module")
def checks() -> dict[str, doctor.Check]:
    return {check.name: check for check in doctor.probe()}


def test_what_the_defaults_need_works_here(checks: dict[str, doctor.Check]) -> None:
    assert [c for c in checks.values() if c.required and not c.ok] == []


def test_every_backend_is_reported(checks: dict[str, doctor.Check]) -> None:
    for backend in gl_probe.BACKENDS:
        check = checks[f"GL {backend}"]
        assert not check.required
        assert check.detail


def test_whatever_does_not_work_has_a_remedy(checks: dict[str, doctor.Check]) -> None:
    for check in checks.values():
        assert bool(check.remedy) == (not check.ok), check


def test_it_names_the_ray_caster_and_the_cache(checks: dict[str, doctor.Check]) -> None:
    assert checks["ray caster"].detail.startswith("raycast-v1")
    assert Path(checks["numba cache"].detail).is_dir()


def test_pybullet_is_reported_and_is_no_must(
    checks: dict[str, doctor.Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not checks["engine pybullet"].required
    monkeypatch.setitem(sys.modules, "pybullet", None)
    check = doctor._pybullet()
    assert not check.ok
    assert "vla-sim[pybullet]" in check.remedy


def test_it_prints_nothing_and_does_not_import_torch() -> None:
    code = (
        "import sys\n"
        "from vla_sim.physics import doctor\n"
        "doctor.probe()\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'OpenGL' not in sys.modules\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "MUJOCO_GL"}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


def test_too_many_threads_are_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4096")
    check = doctor._threads()
    assert not check.ok
    assert "OMP_NUM_THREADS" in check.remedy
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert doctor._threads().ok


def test_a_missing_package_is_reported_not_raised() -> None:
    check = doctor._package("vla-sim-no-such-package")
    assert not check.ok
    assert check.remedy == "pip install vla-sim-no-such-package"


def test_a_child_that_dies_is_a_backend_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = gl_probe.probe.__wrapped__("egl")
    assert not result.ok
    assert "code 1" in result.detail


def test_a_ray_caster_that_cannot_be_imported_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vla_sim.physics.render.self_test", None)
    monkeypatch.delattr("vla_sim.physics.render.self_test", raising=False)
    check = doctor._ray_caster()
    assert not check.ok
    assert "--force-reinstall" in check.remedy


@pytest.mark.parametrize(
    ("asked", "ok", "detail"),
    [
        ("", True, "leaves the choice"),
        ("on", True, "leaves the choice"),
        ("egl", True, "asks for egl"),
        ("cgl", False, "'cgl'; use one of egl, osmesa, glfw, or unset it"),
    ],
)
def test_what_mujoco_gl_says_is_reported_and_is_no_must(
    asked: str, ok: bool, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", asked)
    check = doctor._asked_gl()
    assert (check.ok, check.required, bool(check.remedy)) == (ok, False, not ok)
    assert detail in check.detail
