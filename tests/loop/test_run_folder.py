"""A run folder survives kills, and says what is wrong with those that did not."""

from pathlib import Path

import pytest

from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.loop.run_folder import RunFolder

CONFIG = {"n": 3, "words": "慢慢来"}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", CONFIG, {"python": "3"}, verb="align")


def test_what_was_begun_can_be_opened(folder: RunFolder) -> None:
    begun = RunFolder.open(folder.path).read_json("run.json")
    assert begun["config"] == CONFIG
    assert begun["run_card"] == {"python": "3"}
    assert RunFolder.open(folder.path, verb="align").path == folder.path
    with pytest.raises(RunFolderError, match=r"begun by 'align', which `vla-sim finetune` cannot"):
        RunFolder.open(folder.path, verb="finetune")


def test_a_folder_that_holds_something_is_refused_with_the_way_out(folder: RunFolder) -> None:
    with pytest.raises(RunFolderError, match=r"already holds run\.json; .*--out.*--resume"):
        RunFolder.create(folder.path, CONFIG, {}, verb="align")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert RunFolder.create(tmp_path, CONFIG, {}, verb="align").path == tmp_path


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write .*file/run"):
        RunFolder.create(tmp_path / "file" / "run", CONFIG, {}, verb="align")


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (None, RunFolderError, "holds no run"),
        ("{}", RunFolderError, "not written by vla-sim"),
        ('{"kind": "vla-sim r', DamagedFile, "run.json cannot be read"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], says: str
) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(error, match=says):
        RunFolder.open(tmp_path)


def test_rows_come_back_in_order(folder: RunFolder) -> None:
    rows = [{"k": k, "said": "左"} for k in range(3)]
    for row in rows:
        folder.append("log.jsonl", row)
    assert list(folder.rows("log.jsonl")) == rows
    folder.keep_rows("log.jsonl", rows[:1])
    assert list(folder.rows("log.jsonl")) == rows[:1]
    assert list(folder.rows("none.jsonl")) == []


def test_a_last_line_that_a_kill_cut_short_is_passed_over(folder: RunFolder) -> None:
    folder.append("log.jsonl", {"k": 0})
    with (folder.path / "log.jsonl").open("a") as file:
        file.write('{"k": 1, "val')
    assert list(folder.rows("log.jsonl")) == [{"k": 0}]


def test_a_damaged_line_in_the_middle_is_named(folder: RunFolder) -> None:
    (folder.path / "log.jsonl").write_text('{"k": 0}\n{"k"\n{"k": 2}\n')
    with pytest.raises(DamagedFile, match=r"log\.jsonl, line 2"):
        list(folder.rows("log.jsonl"))


def test_a_write_that_fails_leaves_what_was_there(folder: RunFolder) -> None:
    folder.write_json("state.json", {"k": 1})
    with pytest.raises(TypeError):
        folder.write_json("state.json", {"k": object()})
    assert folder.read_json("state.json") == {"k": 1}


@pytest.mark.parametrize("cut", [b'{"k": 1, "val', '{"said": "慢'.encode()[:-1], b'{"k": 1}'])
def test_what_follows_a_line_cut_short_is_not_glued_to_it(folder: RunFolder, cut: bytes) -> None:
    folder.append("log.jsonl", {"k": 0})
    with (folder.path / "log.jsonl").open("ab") as file:
        file.write(cut)
    assert list(folder.rows("log.jsonl")) == [{"k": 0}]
    folder.append("log.jsonl", {"k": 2})
    folder.append("log.jsonl", {"k": 3})
    assert list(folder.rows("log.jsonl")) == [{"k": 0}, {"k": 2}, {"k": 3}]


def test_a_line_may_hold_what_others_take_for_its_end(folder: RunFolder) -> None:
    row = {"said": "left\u2028right\x85up"}
    folder.append("log.jsonl", row)
    folder.keep_rows("other.jsonl", [row])
    assert list(folder.rows("log.jsonl")) == list(folder.rows("other.jsonl")) == [row]


def test_what_is_written_leaves_no_draft(folder: RunFolder) -> None:
    folder.keep_rows("log.jsonl", [{"k": 1}])
    (folder.path / "there").mkdir()
    with pytest.raises(RunFolderError, match=r"cannot write .*there"):
        folder.write_json("there", {})
    assert sorted(p.name for p in folder.path.iterdir()) == ["log.jsonl", "run.json", "there"]


def test_a_refused_place_is_left_as_it_was(tmp_path: Path) -> None:
    RunFolder.refuse_taken(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
