"""A Menagerie model is found where it is, and an error says what to do where it is not."""

import os
from pathlib import Path

import pytest

from vla_sim.assets.menagerie import menagerie_path
from vla_sim.errors import BadConfig


def test_a_clone_comes_first(tmp_path: Path) -> None:
    (tmp_path / "google_robot").mkdir()
    (tmp_path / "google_robot" / "robot.xml").touch()
    (tmp_path / "notes").mkdir()
    env = {"MENAGERIE_ROOT": str(tmp_path), "MENAGERIE_CACHE_DIR": "nowhere"}
    assert menagerie_path("google_robot", env) == tmp_path / "google_robot"
    with pytest.raises(BadConfig, match=r"no Menagerie model 'notes' .* there are: google_robot\."):
        menagerie_path("notes", env)


def test_the_cache_gives_the_last_whole_version(tmp_path: Path) -> None:
    models = tmp_path / "models"
    folders = [models / f"universal_robots_ur5e-{k * 16}" for k in "abc"]
    for age, folder in enumerate(folders):
        folder.mkdir(parents=True)
        if folder != folders[2]:  # a fetch that was broken off
            (folder / ".complete").touch()
        os.utime(folder, (1000 - age, 1000 - age))
    env = {"MENAGERIE_CACHE_DIR": str(tmp_path)}
    assert menagerie_path("universal_robots_ur5e", env) == folders[0]


def test_an_empty_machine_is_told_how_to_get_a_model(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"there are: none\. Set MENAGERIE_ROOT .* prefetch kuka"):
        menagerie_path("kuka", {"XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)})
