"""The study: the trainings that are missing, one after the other, and the page of all cells.

Several processes may share one: whoever takes a training locks its folder, and the others pass it
by. A process that finds nothing else left waits for those that others are at, and takes over what
a killed one left.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from vla_sim.align.objective import LossReport
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import FolderInUse, VlaSimError
from vla_sim.loop.aligning.monitor import OnUpdate
from vla_sim.loop.progress import ProgressLines
from vla_sim.loop.studying.cell import Cell
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.measuring import trained, values_of
from vla_sim.loop.studying.page import write_pages
from vla_sim.loop.studying.page_cells import require_whole
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.loop.studying.summary import Summary, summary

PURPOSE = "study"


def study(run: StudyRun, console: Console) -> tuple[Summary, list[Path]]:
    """Measure what is missing, and write the page of what is there.

    What goes wrong in one cell is kept in its file and named on the page, and the others go on;
    the next call tries it again.

    Returns:
        What is there now, and the files of the page, the English one first.

    Raises:
        RunFolderError: If a folder cannot be written.
        BadConfig: If its page would take the place of a larger one, see `require_whole`.
        DamagedFile: If a cell's file is damaged.
    """
    require_whole(run)
    store = CellStore(folder=run.cells_folder)
    for place in (run.cells_folder, run.docs_folder, run.out):
        check_outlet(place, is_folder=True)
    if not run.show:
        _measure(run, store, console)
    found = summary(run, store)
    return found, write_pages(found, run)


def _measure(run: StudyRun, store: CellStore, console: Console) -> None:
    """Every training of this process's share that has a cell missing."""
    jobs = _jobs(run.asked)
    with _pace(console, total=len(jobs)) as pace:
        held_by_others = []
        for key, cells in jobs.items():
            if not _do(run, key, cells, store, pace, wait=False):
                held_by_others.append(key)
        for key in held_by_others:
            pace.say(f"waiting for {jobs[key][0]}, which another process is at")
            _do(run, key, jobs[key], store, pace, wait=True)


def _jobs(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """{training: the cells that are measured of its model}."""
    jobs: dict[str, list[Cell]] = {}
    for cell in cells:
        jobs.setdefault(cell.training, []).append(cell)
    return jobs


def _do(
    run: StudyRun, key: str, cells: Sequence[Cell], store: CellStore, pace: "Pace", *, wait: bool
) -> bool:
    """Make what is missing of a training's cells; False if another process is at it."""
    if not _missing(cells, store):
        pace.passed()
        return True
    place = run.out / key
    try:
        lock = FolderLock.take(place, purpose=PURPOSE, wait=wait)
    except FolderInUse:
        return False
    with lock:
        began = time.monotonic()
        # Here, because another process may have been at it meanwhile.
        left = _missing(cells, store)
        if left:
            tells = _make(run, left, place, store, pace)
            pace.did(left, time.monotonic() - began, tells=tells)
        else:
            pace.passed()
    return True


def _missing(cells: Sequence[Cell], store: CellStore) -> list[Cell]:
    """Those that were not measured yet, or failed."""
    return [cell for cell in cells if (o := store.read(cell)) is None or o.values is None]


def _make(
    run: StudyRun, cells: Sequence[Cell], place: Path, store: CellStore, pace: "Pace"
) -> bool:
    """Train and measure; what fails is kept in the files of the cells that it was for.

    Returns:
        Whether a training was made to its end: what was there already, or failed, does not tell
        how long others take.
    """

    def failed(some: Sequence[Cell], error: Exception) -> None:
        said = str(error) if isinstance(error, VlaSimError) else f"{type(error).__name__}: {error}"
        for cell in some:
            store.write(cell, failure=said)
            pace.say(f"{cell} failed: {said}")

    # Whatever goes wrong with a cell, those after it are not to be lost over it.
    n_before = pace.n_updates
    pace.begins(cells[0])
    try:
        training = trained(
            cells[0].run, place, keep_memory=run.keep_memory, on_update=pace.on_update(cells[0])
        )
    except Exception as error:
        failed(cells, error)
        return False
    for cell in cells:
        pace.begins(cell)
        try:
            values = values_of(cell, training)
        except Exception as error:
            failed([cell], error)
        else:
            store.write(cell, values=values)
    return pace.n_updates > n_before


@dataclass(kw_only=True)
class Pace:
    """What a person sees: which training, how far in it, and the time that is left."""

    progress: Progress
    bar: TaskID
    total: int
    done: int = 0
    n_updates: int = 0
    """That this process made."""
    seconds: list[float] = field(default_factory=list)
    """Of the trainings that it made to their ends."""

    def say(self, line: str) -> None:
        """A line above the bar."""
        self.progress.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def begins(self, cell: Cell) -> None:
        """A cell is begun."""
        self.progress.update(self.bar, description=f"{self.done + 1} of {self.total}: {cell}")

    def on_update(self, cell: Cell) -> OnUpdate:
        """For a training to call after every update."""

        def after(update: int, losses: LossReport) -> None:
            self.n_updates += 1
            share = update / cell.run.max_updates
            self.progress.update(
                self.bar, completed=self.done + min(share, 1.0), left=self.left(share)
            )

        return after

    def passed(self) -> None:
        """A training was there already."""
        self.done += 1
        self.progress.update(self.bar, completed=self.done, left=self.left())

    def did(self, cells: Sequence[Cell], seconds: float, *, tells: bool) -> None:
        """Cells were made, and it tells how long others take where their training was too."""
        self.seconds += [seconds] if tells else []
        self.passed()
        told = "; ".join(map(str, cells))
        self.say(f"{self.done} of {self.total}: {told}: {_clock(seconds)}, {self.left()}")

    def left(self, share: float = 0.0) -> str:
        """How long the rest takes at the pace so far.

        Args:
            share: Of the present training.
        """
        if not self.seconds:
            return "time left known after the first"
        each = sum(self.seconds) / len(self.seconds)
        return f"{_clock(each * max(self.total - self.done - share, 0.0))} left"


@contextmanager
def _pace(console: Console, *, total: int) -> Iterator[Pace]:
    columns = (
        TextColumn("[bold]study"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}"),
    )
    with ProgressLines(*columns, console=console) as progress:
        yield Pace(progress=progress, bar=progress.add_task("", total=total, left=""), total=total)


def _clock(seconds: float) -> str:
    """A time as people say it: "4 min", "2 h 05 min"."""
    minutes = round(seconds / 60)
    if not minutes:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
