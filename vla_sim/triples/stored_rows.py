"""Stored rows: the rows of datasets as they lie in files, read where they are asked for."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.triple import Rows
from vla_sim.triples.row_file import RowFile
from vla_sim.triples.sharing import spread, thinned
from vla_sim.triples.spec import Spec

Ints = NDArray[np.int64]
TOLD_APART_BY = 512
"""Rows by whose content two datasets are told apart."""


@dataclass(frozen=True, kw_only=True)
class StoredPart:
    """One dataset of them.

    Attributes:
        records: The small columns, a record a row.
        task: The column "task", in memory: what it counts by is the run's.
        pictures: All pictures, (n, h, w, 3).
        shown: The column that is made of pictures, and the field of a record that says of which;
            None there for the row's own.
    """

    records: RowFile
    task: Ints
    pictures: RowFile
    shown: tuple[str, str | None]

    def rows(self, places: Ints, without: Collection[str]) -> dict[str, NDArray[np.generic]]:
        """The rows at some places, but for some columns."""
        column, where = self.shown
        records = self.records.at(places)
        made: dict[str, NDArray[np.generic]] = {
            name: np.ascontiguousarray(records[name])
            for name in records.dtype.names or ()
            if name not in without and name != where
        }
        if "task" not in without:
            made["task"] = self.task[places]
        if column not in without:
            made[column] = self.pictures.at(places if where is None else records[where])
        return made


class StoredRows:
    """The rows of several datasets, one after the other, of which no more is in memory than asked.

    Memory holds a few bytes a row, however large the rows are.
    """

    def __init__(self, parts: Sequence[StoredPart], spec: Spec) -> None:
        self.parts = tuple(parts)
        self.spec = spec
        self.task: Ints = np.concatenate([np.empty(0, np.int64), *(part.task for part in parts)])
        self._first: Ints = np.cumsum([0, *(len(part.task) for part in parts)])

    def __len__(self) -> int:
        return len(self.task)

    @property
    def n_bytes(self) -> int:
        """What the rows would take in memory."""
        one = sum(
            int(np.prod(c.shape, dtype=np.int64)) * np.dtype(c.dtype).itemsize
            for c in self.spec.values()
        )
        return len(self) * one

    def column(self, name: str) -> NDArray[np.generic]:
        """A small column of all rows."""
        if name == "task":
            return self.task
        c = self.spec[name]
        parts = [part.records.column(name) for part in self.parts]
        return np.concatenate([np.empty((0, *c.shape), c.dtype), *parts])

    def rows(self, places: Ints, *, without: Collection[str] = ()) -> Rows:
        """The rows at some places, counted over all datasets; what is left out is zero.

        Args:
            places: In any order, with repetitions.
            without: Columns that nobody will look at: they are not read.

        Raises:
            DamagedFile: If a file no longer holds one of them.
        """
        left_out = {
            name: np.zeros((len(places), *c.shape), c.dtype)
            for name, c in self.spec.items()
            if name in without
        }
        if len(self.parts) == 1:
            return left_out | self.parts[0].rows(places, without)
        made: dict[str, NDArray[np.generic]] = {
            name: np.empty((len(places), *c.shape), c.dtype)
            for name, c in self.spec.items()
            if name not in without
        }
        of = np.searchsorted(self._first, places, side="right") - 1
        for index in np.unique(of).tolist():
            mine = np.flatnonzero(of == index)
            read = self.parts[index].rows(places[mine] - self._first[index], without)
            for name, values in read.items():
                made[name][mine] = values
        return left_out | made

    def thinned(self, room: int, *, without: Collection[str] = ()) -> Rows:
        """As many rows as have room, an even share of each task from its first to its last.

        Args:
            room: Most rows.
            without: Columns that nobody will look at.
        """
        return self.rows(thinned(self.task, np.zeros_like(self.task), room), without=without)

    def fingerprint(self) -> NDArray[np.uint8]:
        """What tells these rows from others: how many, of which tasks, and the content of some."""
        digest = hashlib.sha256(self.task.tobytes())
        rows = self.rows(spread(len(self), TOLD_APART_BY), without=("image", "clip"))
        for name in sorted(rows):
            digest.update(np.ascontiguousarray(rows[name]).tobytes())
        return np.frombuffer(digest.digest(), np.uint8)
