"""Kernels compile where nothing can be kept, by the one decorator that knows how."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vla_sim
from vla_sim.physics.cores import usable_cores

PACKAGE = Path(vla_sim.__file__).parent
UNWRITABLE = "/dev/null/nowhere"  # to root, too


def test_one_module_compiles() -> None:
    asked = re.compile(r"^\s*(import numba|from numba)|njit\(", re.MULTILINE)
    found = {
        str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if asked.search(p.read_text())
    }
    assert found == {"physics/compiled.py"}


def test_without_any_folder_for_machine_code_everything_runs_and_one_line_says_so() -> None:
    kernels = [
        ".".join(("vla_sim", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in PACKAGE.rglob("*.py")
        if "\n@entry" in path.read_text() or "    @entry" in path.read_text()
    ]
    assert len(kernels) > 10
    script = (
        "import importlib\n"
        "from numba.core.caching import InTreeCacheLocator\n"
        "InTreeCacheLocator.from_function = classmethod(lambda *_: None)  # a read-only install\n"
        f"for name in {kernels!r}: importlib.import_module(name)\n"
        "import numpy as np\n"
        "from vla_sim.physics.kinematics import rotation_error\n"
        "error = np.ones(3)\n"
        "rotation_error(np.eye(3), np.eye(3), error)\n"
        "print(error.tolist())\n"
    )
    environment = dict(os.environ, NUMBA_CACHE_DIR=UNWRITABLE, XDG_CACHE_HOME=UNWRITABLE)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[0.0, 0.0, 0.0]\n", done.stderr
    assert done.stderr.count("set NUMBA_CACHE_DIR to a folder") == 1


def test_cores_are_counted_where_the_system_knows_no_affinity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert usable_cores() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == os.cpu_count()
