"""RowFile: the rows of a mapped array, read one by one where they are asked for.

Through the map itself, a row here and there brings the pages around it along: on some systems two
megabytes for twelve kilobytes, which count as the process's memory until they are let go. Read by
its place in the file, a row brings itself, and a file that was cut short meanwhile is an error
instead of the end of the process.
"""

import mmap
import os
import weakref
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import DamagedFile

Ints = NDArray[np.int64]


class RowFile:
    """Rows of a read-only array that lies in a file; its pages stay where they are."""

    def __init__(self, array: NDArray[Any]) -> None:
        """The rows of an array.

        Args:
            array: (n, ...), as `np.load` maps it. Where it lies in memory, or the system reads no
                file by place, rows are taken out of it.
        """
        self.array = array
        self._fd: int | None = None
        if isinstance(array, np.memmap) and array.filename is not None and hasattr(os, "pread"):
            with suppress(FileNotFoundError):  # replaced by a newer one; the map outlives it
                self._fd = os.open(array.filename, os.O_RDONLY)
                self._begin = int(array.offset)
                weakref.finalize(self, os.close, self._fd)

    def __len__(self) -> int:
        return len(self.array)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.array.shape[1:], dtype=np.int64)) * self.array.dtype.itemsize

    def at(self, places: Ints) -> NDArray[Any]:
        """The rows at some places, any shape (...) of places: (..., *row), of their own memory.

        Raises:
            DamagedFile: If the file no longer holds one of them.
        """
        if self._fd is None:
            return np.array(self.array[places])
        size, begin = self.row_bytes, self._begin
        rows = [os.pread(self._fd, size, begin + size * place) for place in places.ravel().tolist()]
        if any(len(row) != size for row in rows):
            raise DamagedFile(f"{self._name} was cut short while it was read; delete it")
        made = np.frombuffer(bytearray().join(rows), self.array.dtype)
        return made.reshape(*places.shape, *self.array.shape[1:])

    def column(self, name: str) -> NDArray[Any]:
        """A field of all records."""
        made = np.array(self.array[name])
        held = self.array.base
        if isinstance(held, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            held.madvise(mmap.MADV_DONTNEED)  # all of it was looked at, and most will not be soon
        return made

    @property
    def _name(self) -> str:
        return str(getattr(self.array, "filename", "an array"))
