"""Parquet: tables in files, read whole and written atomically."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vla_sim.disk.atomic import replace_file
from vla_sim.errors import DamagedFile


def write_table(path: Path, table: pa.Table) -> None:
    """Write a parquet file atomically.

    Raises:
        RunFolderError: If it cannot be written.
    """
    replace_file(path, lambda partial: pq.write_table(table, partial))


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file, or some of its columns.

    Raises:
        DamagedFile: If it is missing, is no whole parquet file, or lacks a column.
    """
    try:
        # Through a file of our own: pyarrow would take "name=value" folders for columns. One of
        # Arrow's, since its threads may outlive the interpreter that a Python file needs.
        with pa.OSFile(str(path)) as file:
            # One thread: files are small, and processes beside this one have work for the cores.
            table = pq.ParquetFile(file).read(columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFile(
            f"{path} cannot be read as parquet: {error}; restore it or collect it again"
        ) from None
    missing = set(columns or ()) - set(table.column_names)
    if missing:
        raise DamagedFile(f"{path} lacks the columns {sorted(missing)}")
    return table
