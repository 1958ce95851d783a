"""Opening: a run's folder is refused, begun or gone on with, and nobody else's meanwhile."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import VlaSimError
from vla_sim.loop.resumption import require_same
from vla_sim.loop.run_folder import BEGUN, RunFolder
from vla_sim.loop.settings import to_json


def goes_on(out: Path, console: Console, *, asked: bool) -> bool:
    """Whether there is a run to go on with; where one was asked for and none is there, it says so.

    A job that is begun anew whenever its machine is taken away asks every time.
    """
    there = (out / BEGUN).exists()
    if asked and not there:
        text = f"{out} holds no run to go on with: a new one is begun there"
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    return asked and there


def refuse_place(out: Path, run: object, *, verb: str, resume: bool, may: Sequence[str]) -> None:
    """Refuse what can be known at once; nothing is made.

    Args:
        out: The run folder.
        run: The settings.
        verb: What begins the run or goes on with it.
        resume: Go on with the run that is there.
        may: Names of the settings that may differ then, see `require_same`.

    Raises:
        RunFolderError: If a new run has no place there; or if there is no run of this verb to go on
            with, or one with other settings.
    """
    if resume:
        require_same(RunFolder.open(out, verb=verb), run, may_change=may)
    else:
        RunFolder.refuse_taken(out)


@contextmanager
def opened(
    out: Path,
    run: object,
    *,
    verb: str,
    resume: bool,
    card: Mapping[str, str],
    notes: Mapping[str, Any] | None = None,
    scratch: Collection[str] = (),
) -> Iterator[RunFolder]:
    """The folder of a run, which only this process writes until the block ends.

    If the block refuses a new run before anything came of it that is worth keeping, the folder is
    gone again, so that the mended command finds its place free.

    Args:
        out: The run folder.
        run: The settings.
        verb: What begins the run or goes on with it.
        resume: Go on with the run that is there.
        card: Provenance of a new run.
        notes: What else is written down beside the settings of a new run.
        scratch: Names of files and folders that are worth nothing alone.

    Raises:
        FolderInUse: If another process writes it.
        RunFolderError: If it cannot be written, or holds what it should not.
    """
    was_there = out.exists()
    try:
        with FolderLock.take(out, purpose=verb):
            if resume:
                folder = RunFolder.open(out, verb=verb)
            else:
                folder = RunFolder.create(out, to_json(run), card, verb=verb, notes=notes)
            try:
                yield folder
            except VlaSimError:
                if not resume:
                    folder.take_back(scratch)
                raise
    finally:
        if not was_there:
            with suppress(OSError):  # as it should be, it holds something
                out.rmdir()
