"""Journal: finished episodes that no data file holds yet, each whole in a file of its own.

A parquet file cannot be read before its footer is written, so episodes wait here until a data file
of many is written at once. Each file appears by a rename: a killed process loses the episode in
flight and no other.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vla_sim.disk.atomic import sweep
from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.episode_rows import EpisodeRow
from vla_sim.triples.lerobot.parquet import read_table, write_table
from vla_sim.triples.lerobot.schema import JOURNAL

_ROW = b"vla_sim.episode"


class Journal:
    """The journal of the dataset in `root`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / JOURNAL

    def add(self, index: int, frames: pa.Table, row: EpisodeRow) -> None:
        """Keep one episode: its frames, and its row of the episodes' table.

        Raises:
            RunFolderError: If it cannot be written.
        """
        metadata = {_ROW: json.dumps(row, ensure_ascii=False).encode()}
        table = frames.replace_schema_metadata(metadata)
        write_table(self._path(index), table)

    def indices(self) -> list[int]:
        """Which episodes are kept, in order."""
        stems = (path.stem for path in self._folder.glob("*.parquet"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())

    def frames(self, index: int) -> pa.Table:
        """The frames of one episode.

        Raises:
            DamagedFile: If its file cannot be read.
        """
        return read_table(self._path(index)).replace_schema_metadata(None)

    def row(self, index: int) -> EpisodeRow:
        """The row of one episode.

        Raises:
            DamagedFile: If its file cannot be read, or is of another episode.
        """
        path = self._path(index)
        try:
            row = json.loads((pq.read_schema(path).metadata or {})[_ROW])
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise DamagedFile(
                f"{path} holds no episode: {error!r}; delete it and those after it, then resume"
            ) from None
        if not isinstance(row, dict) or row.get("episode_index") != index:
            raise DamagedFile(f"{path} holds another episode; delete it and those after it")
        return row

    def drop(self, indices: list[int]) -> None:
        """Forget episodes that a data file holds."""
        for index in indices:
            self._path(index).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what a killed process left half-written."""
        sweep(self._folder)

    def _path(self, index: int) -> Path:
        return self._folder / f"{index:08d}.parquet"
