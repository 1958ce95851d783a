"""Progress bars with the time left; in a file or a pipe, a line a minute in their place."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

EVERY_S: Final = 60.0
PACE_OVER_S: Final = 3_600.0
"""The pace that tells the time left is taken over so long. Rounds and portions take minutes, and
within rich's own half a minute there would be one of them or none: no pace, or that of a moment."""
LINE_WIDTH: Final = 200
"""Of a line in a file or a pipe, where rich takes 80 for want of a terminal; no line is as long."""
WRAPPED: Final = Column(no_wrap=False)
"""For what is too long for a narrow terminal."""


class ProgressLines(Progress):
    """A bar on a terminal; where nobody can redraw one, its state now and then as a line."""

    def __init__(
        self, *columns: str | ProgressColumn, console: Console, every_s: float = EVERY_S
    ) -> None:
        """See `rich.progress.Progress`.

        Args:
            columns: What it shows.
            console: Where.
            every_s: Time from line to line where the console is no terminal [s].
        """
        super().__init__(*columns, console=console, speed_estimate_period=PACE_OVER_S)
        self._every_s = every_s
        self._told_s = time.monotonic()

    def update(self, task_id: TaskID, *args: Any, **changes: Any) -> None:
        """See `Progress.update`."""
        super().update(task_id, *args, **changes)
        self._tell()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """See `Progress.advance`."""
        super().advance(task_id, advance)
        self._tell()

    def _tell(self) -> None:
        if self.console.is_terminal or time.monotonic() - self._told_s < self._every_s:
            return
        self._told_s = time.monotonic()
        with self._wide():
            self.console.print(self.get_renderable())

    def stop(self) -> None:
        """See `Progress.stop`; where it is no terminal, this prints the last state."""
        with self._wide():
            super().stop()

    @contextmanager
    def _wide(self) -> Iterator[None]:
        """Whole lines where nobody's terminal is too narrow for them."""
        width = self.console.width
        if not self.console.is_terminal:
            self.console.width = max(width, LINE_WIDTH)
        try:
            yield
        finally:
            self.console.width = width


def bar_of(what: str, console: Console) -> ProgressLines:
    """A bar of things to count: what it is, how many, the time gone and left, a description.

    Args:
        what: A verb, as the command line has it.
        console: Where to show it; a quiet one for nowhere.
    """
    return ProgressLines(
        TextColumn(f"[bold]{what}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=console,
    )
