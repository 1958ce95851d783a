"""`import vla_sim` is light, and every public name is there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vla_sim

HEAVY = ("torch", "stable_baselines3", "mujoco", "OpenGL", "numba", "rich", "pyarrow")


def test_importing_is_light_and_roles_and_records_load_no_torch() -> None:
    code = f"""
import sys
import vla_sim
print([name for name in {HEAVY} if name in sys.modules])
vla_sim.Policy, vla_sim.Task, vla_sim.Episode, vla_sim.evaluate
print("torch" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["[]", "False"]


@pytest.mark.parametrize("name", vla_sim.__all__)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(vla_sim, name)
    assert name in dir(vla_sim)
    assert isinstance(found, (str, tuple)) or found.__doc__


def test_type_checkers_see_what_the_interpreter_does() -> None:
    tree = ast.parse(Path(vla_sim.__file__).read_text(encoding="utf-8"))
    (guard,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in guard.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == vla_sim._PLACE_OF
    assert set(typed) | {"IDS", "__version__"} == set(vla_sim.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    wrong = "evaluat"
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        getattr(vla_sim, wrong)
