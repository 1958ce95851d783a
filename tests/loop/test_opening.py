"""What is refused leaves nothing behind, and a run's folder is one process's at a time."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vla_sim.errors import BadConfig, FolderInUse, RunFolderError
from vla_sim.loop.collecting.collect import CollectRun
from vla_sim.loop.opening import goes_on, opened, refuse_place
from vla_sim.loop.run_folder import BEGUN, RunFolder

RUN = CollectRun()
CARD = {"python": "3"}


def begin(out: Path, refusal: Exception | None = None, *writes: str, resume: bool = False) -> None:
    """Open a folder, write some files, and maybe refuse."""
    with opened(out, RUN, verb="v", resume=resume, card=CARD, scratch=("scratch", "s")) as folder:
        for name in writes:
            folder.append(name, {})
        if refusal is not None:
            raise refusal


def test_a_run_that_is_refused_late_leaves_its_place_free(tmp_path: Path) -> None:
    out = tmp_path / "run"
    for _ in range(2):
        with pytest.raises(BadConfig, match="no"):
            begin(out, BadConfig("no"), "scratch")
        assert not out.exists()
    begin(out)
    assert sorted(p.name for p in out.iterdir()) == ["run.json"]


def test_a_folder_of_the_users_own_is_left_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="no"):
        begin(tmp_path, BadConfig("no"))
    assert tmp_path.is_dir() and not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [BadConfig("no"), KeyboardInterrupt(), AssertionError()])
def test_what_came_of_a_run_stays_whatever_ends_it(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "run"
    with pytest.raises(type(error)):
        begin(out, error, "kept", "scratch")  # type: ignore[arg-type]  # a KeyboardInterrupt too
    assert sorted(p.name for p in out.iterdir()) == ["kept", "run.json", "scratch"]
    with pytest.raises(BadConfig, match="no"):
        begin(out, BadConfig("no"), resume=True)
    assert (out / "run.json").is_file()


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    with opened(tmp_path / "run", RUN, verb="collect", resume=False, card=CARD) as folder:
        for resume in (True, False):
            with (
                pytest.raises(FolderInUse, match=r"is being written by process \d+ \(collect\)"),
                opened(folder.path, RUN, verb="collect", resume=resume, card=CARD),
            ):
                raise AssertionError("not reached")
    with opened(tmp_path / "run", RUN, verb="collect", resume=True, card=CARD) as folder:
        assert RunFolder.open(folder.path)


def test_a_place_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    refuse_place(tmp_path / "new", RUN, verb="collect", resume=False, may=())
    with pytest.raises(RunFolderError, match="holds no run"):
        refuse_place(tmp_path / "new", RUN, verb="collect", resume=True, may=())
    assert not (tmp_path / "new").exists()
    begin(tmp_path / "old")
    with pytest.raises(RunFolderError, match=r"already holds run\.json"):
        refuse_place(tmp_path / "old", RUN, verb="v", resume=False, may=())
    with pytest.raises(RunFolderError, match="begun by 'v'"):
        refuse_place(tmp_path / "old", RUN, verb="collect", resume=True, may=())
    with pytest.raises(RunFolderError, match="begun with seed = 0, not 1"):
        refuse_place(tmp_path / "old", CollectRun(seed=1), verb="v", resume=True, may=("out",))


def test_to_go_on_with_nothing_is_to_begin_and_is_said(tmp_path: Path) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=200)
    assert not goes_on(tmp_path, console, asked=False) and not stream.getvalue()
    assert not goes_on(tmp_path, console, asked=True)
    assert stream.getvalue() == f"{tmp_path} holds no run to go on with: a new one is begun there\n"
    (tmp_path / BEGUN).write_text("{}")
    assert goes_on(tmp_path, console, asked=True) and not goes_on(tmp_path, console, asked=False)
    assert stream.getvalue().count("\n") == 1
