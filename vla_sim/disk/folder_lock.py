"""Folder lock: one process at a time writes a folder.

The lock is the operating system's, on a file in the folder: it goes with the process that holds it,
however that ends, so a killed run never has to be unlocked by hand. What the file says (process,
time, purpose) is for people.
"""

import json
import os
import socket
import sys
import time
import warnings
from contextlib import suppress
from datetime import datetime
from io import BufferedRandom
from pathlib import Path
from types import TracebackType

from vla_sim.errors import FolderInUse, RunFolderError

LOCK = ".lock"
"""The lock's file; one that a killed process left locks nothing."""
_POLL_S = 0.05

if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes, and nobody else can read a locked one: it lies far behind the text.
    _LOCKED_BYTE = 1 << 30

    def _grab(fd: int) -> bool:
        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _grab(fd: int) -> bool:
        # Not fcntl's record locks: those let one process in twice, and whoever closes any
        # descriptor of the file drops them.
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class FolderLock:
    """A folder that this object alone may write, until `release` or the end of the process."""

    def __init__(self, folder: Path, file: BufferedRandom) -> None:
        self.folder = folder
        self._file = file

    @classmethod
    def take(cls, folder: Path, *, purpose: str, wait: bool = False) -> "FolderLock":
        """Lock a folder, which is made if it is missing. Take it before looking inside.

        Where the file system knows no locks, a warning says so and the folder stays open to all.

        Args:
            folder: What to lock; folders inside it are not locked with it.
            purpose: What it is locked for, for whoever is refused.
            wait: Wait for the holder to let go, rather than raise.

        Raises:
            FolderInUse: If another process, or another lock of this one, holds it.
            RunFolderError: If the folder cannot be made or written.
        """
        while True:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                file = (folder / LOCK).open("a+b")
            except OSError as error:
                raise RunFolderError(
                    f"cannot write to {folder}: {error.strerror}; give another folder"
                ) from None
            try:
                taken = _grab(file.fileno())
            except OSError as error:
                warnings.warn(f"{folder} cannot be locked: {error}", RuntimeWarning, stacklevel=2)
                taken = True
            if taken and _lies_at(folder / LOCK, file):
                break
            # Not taken, or taken after its last holder had deleted it.
            holder = _holder(file)
            file.close()
            if not taken and not wait:
                raise FolderInUse(
                    f"{folder} is being written by {holder}; wait for it or stop it, "
                    "or give another folder"
                )
            time.sleep(0.0 if taken else _POLL_S)
        file.truncate(0)
        file.write(json.dumps(_this_process(purpose)).encode())
        file.flush()
        return cls(folder, file)

    @property
    def held(self) -> bool:
        """It was not released yet."""
        return not self._file.closed

    def release(self) -> None:
        """Let others in; a second time changes nothing."""
        if not self.held:
            return
        place = self.folder / LOCK
        with suppress(OSError):  # the folder may be gone; what is left of a lock locks nothing
            if _lies_at(place, self._file):
                if sys.platform == "win32":
                    self._file.close()
                place.unlink()
        self._file.close()

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def names_in(folder: Path) -> list[str]:
    """What a folder holds, sorted, its own lock left out; nothing where there is no folder.

    Raises:
        OSError: If it is no folder, or cannot be read.
    """
    if not folder.exists():
        return []
    return sorted(path.name for path in folder.iterdir() if path.name != LOCK)


def _lies_at(place: Path, file: BufferedRandom) -> bool:
    try:
        return os.path.samestat(place.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _this_process(purpose: str) -> dict[str, object]:
    since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "purpose": purpose}


def _holder(file: BufferedRandom) -> str:
    """Who holds a lock, in words."""
    try:
        file.seek(0)
        said = json.loads(file.read())
        elsewhere = "" if said["host"] == socket.gethostname() else f" on {said['host']}"
        return f"process {said['pid']}{elsewhere} ({said['purpose']}) since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # which has only just taken it
