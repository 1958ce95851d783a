"""One process at a time writes a folder, and no lock outlives its process."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vla_sim.disk.folder_lock import LOCK, FolderLock, names_in
from vla_sim.errors import FolderInUse, RunFolderError

HOLDER = """
import sys
from pathlib import Path
from vla_sim.disk.folder_lock import FolderLock

lock = FolderLock.take(Path(sys.argv[1]), purpose="another test")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_locks_nothing_and_a_living_one_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    says = (
        rf"being written by process {process.pid} \(another test\) since 2\d{{3}}-.*another folder"
    )
    with pytest.raises(FolderInUse, match=says):
        FolderLock.take(tmp_path, purpose="test")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (tmp_path / LOCK).exists()
    with FolderLock.take(tmp_path, purpose="test"):
        pass


def test_one_process_is_not_let_in_twice(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on the way"
    with FolderLock.take(folder, purpose="test"):
        assert names_in(folder) == []
        with pytest.raises(FolderInUse, match=f"process {os.getpid()}"):
            FolderLock.take(folder, purpose="test")
    assert list(folder.iterdir()) == []
    lock = FolderLock.take(folder, purpose="test")
    lock.release()
    other = FolderLock.take(folder, purpose="test")
    lock.release()  # of a lock that is not held any more: the other's stays
    with pytest.raises(FolderInUse, match="test"):
        FolderLock.take(folder, purpose="test")
    other.release()


def test_whoever_waits_comes_next_and_never_beside(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(10):
            with FolderLock.take(tmp_path, purpose="test", wait=True):
                inside.append(0)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 30


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write to .*inside"):
        FolderLock.take(tmp_path / "file" / "inside", purpose="test")


def test_without_locks_in_the_file_system_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int) -> bool:
        raise OSError("no locks available")

    monkeypatch.setattr("vla_sim.disk.folder_lock._grab", refuse)
    with pytest.warns(RuntimeWarning, match="cannot be locked: no locks available"):
        FolderLock.take(tmp_path, purpose="test").release()
