"""Files appear whole or not at all."""

import threading
from pathlib import Path

import pytest

from vla_sim.disk.atomic import PARTIAL, read_json, replace_file, sweep, write_json
from vla_sim.errors import DamagedFile, RunFolderError


def test_two_writers_of_one_path_never_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    meet, seen = threading.Barrier(2, timeout=10), set()

    def write_as(text: str) -> None:
        def write(partial: Path) -> None:
            partial.write_text(text)
            seen.add(partial)
            meet.wait()  # both have written by now
            assert partial.read_text() == text

        replace_file(path, write)

    threads = [threading.Thread(target=write_as, args=(text * 1000,)) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 2
    assert path.read_text() in ("a" * 1000, "b" * 1000)
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write .*x\.json.*unchanged"):
        write_json(tmp_path / "file" / "x.json", {})


def test_json_comes_back_and_damage_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"words": "左"})
    assert read_json(tmp_path / "x.json") == {"words": "左"}
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(DamagedFile, match=r"x\.json holds list"):
        read_json(tmp_path / "x.json")
    with pytest.raises(DamagedFile, match=r"y\.json cannot be read as JSON"):
        read_json(tmp_path / "y.json")


def test_leftovers_of_killed_processes_are_swept(tmp_path: Path) -> None:
    (tmp_path / f".a.1-00{PARTIAL}").write_text("")
    (tmp_path / "kept").write_text("")
    sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
