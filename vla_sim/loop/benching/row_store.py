"""Row store: the rows of a measurement as they come in, on disk too where it has a folder.

Each portion of episodes is a file of its own that appears whole, so that a kill loses the portions
that were under way and nothing else.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vla_sim.eval.body import Body
from vla_sim.eval.rows import rows_of
from vla_sim.loop.benching.episode_table import read_rows, write_rows
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.episode_row import EpisodeRow

PARTS = "parts"
"""Folder of the portions of a measurement that is not finished."""


class RowStore:
    """Rows by what was planned."""

    def __init__(self, folder: Path | None, bodies: Mapping[str, Body]) -> None:
        """A store with what an interrupted measurement left in the folder.

        Args:
            folder: Where portions are kept; None: nowhere.
            bodies: {task id: the body that moves in it}.

        Raises:
            DamagedFile: If a portion cannot be read back.
        """
        self._parts = None if folder is None else folder / PARTS
        self._bodies = bodies
        self._rows: dict[EpisodeSpec, EpisodeRow] = {}
        for path in self._files():
            self._rows.update({row.spec: row for row in read_rows(path)})

    @property
    def rows(self) -> list[EpisodeRow]:
        """All of them, in the order of a result."""
        return sorted(self._rows.values(), key=lambda row: row.order)

    def row(self, spec: EpisodeSpec) -> EpisodeRow:
        """The row of an episode that was run."""
        return self._rows[spec]

    def missing(self, plan: Mapping[str, Sequence[EpisodeSpec]]) -> dict[str, list[EpisodeSpec]]:
        """What of a plan is still to be run."""
        left = {t: [spec for spec in specs if spec not in self._rows] for t, specs in plan.items()}
        return {task_id: specs for task_id, specs in left.items() if specs}

    def add(self, episodes: Iterable[Episode]) -> None:
        """Keep a portion.

        Raises:
            RunFolderError: If it cannot be written.
        """
        rows = rows_of(episodes, self._bodies)
        if self._parts is not None:
            write_rows(self._parts / f"{len(self._files()):06d}.parquet", rows)
        self._rows.update({row.spec: row for row in rows})

    def _files(self) -> list[Path]:
        return [] if self._parts is None else sorted(self._parts.glob("[0-9]*.parquet"))


def clear(folder: Path) -> None:
    """Delete the portions of a folder: its result holds them."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)
