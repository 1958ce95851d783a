"""An object of the user's own is found by name, or the error says why not."""

import sys
from pathlib import Path

import pytest

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.foreign import is_foreign, load_foreign


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What loading appends to the path does not outlive the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("name", ["mine:run", "a.b:C.d", "x/mine.py:run", "/tmp/mine.py:run"])
def test_a_place_and_a_name_are_foreign(name: str) -> None:
    assert is_foreign(name)


@pytest.mark.parametrize(
    "name", ["expert", "runs/mine", "Reach-v1", "a b:c", "mine:", ":run", "x/y:z", "vla_sim/R:3"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_foreign(name)
    with pytest.raises(BadConfig, match="names no policy; write module:name"):
        load_foreign(name, "policy")


def test_a_file_anywhere_and_a_module_of_the_working_directory_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_thing.py").write_text("class A:\n    b = 3\n")
    assert load_foreign(f"{tmp_path}/own_thing.py:A.b", "recipe") == 3
    (tmp_path / "own_other.py").write_text("from own_thing import A\nvalue = A.b + 1\n")
    monkeypatch.chdir(tmp_path)
    assert load_foreign("own_other:value", "recipe") == 4


def test_what_cannot_be_loaded_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_broken.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "own_needy.py").write_text("import nowhere_at_all\n")
    (tmp_path / "own_short.py").write_text("recipe = 1\n_hidden = 2\n")
    (tmp_path / "json.py").write_text("recipe = 1\n")
    with pytest.raises(BadConfig, match=r"line 2 of .*own_broken\.py"):
        load_foreign("own_broken:f", "loss")
    with pytest.raises(BadConfig, match="No module named 'nowhere_at_all'"):
        load_foreign("own_needy:f", "loss")
    with pytest.raises(BadConfig, match="No module named 'own_absent'"):
        load_foreign("own_absent:f", "loss")
    with pytest.raises(UnknownName, match=r"no recipe in own_short 'recip'; did you mean 'recipe'"):
        load_foreign("own_short:recip", "recipe")
    with pytest.raises(BadConfig, match=r"there is no file gone\.py to load a loss"):
        load_foreign("gone.py:f", "loss")
    with pytest.raises(BadConfig, match="another module is called 'json'"):
        load_foreign("json.py:recipe", "recipe")


def test_what_a_file_imports_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "own_nope.py").write_text("import math as nope\n\nclass Mine: ...\n")
    with pytest.raises(UnknownName, match=r"no policy in .*own_nope.py 'Nope'; there are 'Mine'$"):
        load_foreign(f"{tmp_path}/own_nope.py:Nope", "policy")
