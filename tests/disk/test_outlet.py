"""What cannot be written is refused before there is anything to write, and nothing is touched."""

from pathlib import Path

import pytest

from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import RunFolderError


def test_a_new_file_an_old_file_and_missing_folders_pass_untouched(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    for name in ("new.json", "old.json", "a/b/c.json"):
        check_outlet(tmp_path / name)
    check_outlet(tmp_path / "a" / "b", is_folder=True)
    check_outlet(tmp_path, is_folder=True)
    check_outlet(Path("here.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is a folder; give a file in it"):
        check_outlet(tmp_path)
    with pytest.raises(RunFolderError, match="is a file; give a folder"):
        check_outlet(tmp_path / "file", is_folder=True)
    with pytest.raises(RunFolderError, match="file is a file, not a folder"):
        check_outlet(tmp_path / "file" / "deep" / "x.json")


@pytest.mark.parametrize("name", ["x" * 300, "nul\0.json"])
def test_a_name_that_no_file_system_takes_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot write"):
        check_outlet(tmp_path / name)


def test_a_folder_without_the_right_to_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(RunFolderError, match="no right to write in"):
        check_outlet(tmp_path / "new" / "x.json")
