"""Atomic: a file appears whole or not at all."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vla_sim.errors import DamagedFile, RunFolderError

PARTIAL = ".partial"
"""Suffix of a file that is being written; one that is left over may be deleted."""


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, flush it to disk, and rename it into place.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error}; what was there is unchanged") from None


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write JSON atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"

    def write(partial: Path) -> None:
        partial.write_text(text, encoding="utf-8")

    replace_file(path, write)


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        DamagedFile: If it does not hold one, or is missing.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read as JSON: {error}; restore or delete it") from None
    if not isinstance(value, dict):
        raise DamagedFile(f"{path} holds {type(value).__name__}, not a JSON object")
    return value


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file, or some of its columns.

    Raises:
        DamagedFile: If it is missing, is no whole parquet file, or lacks a column.
    """
    try:
        # Through a file of our own: pyarrow would take "name=value" folders for columns. One of
        # Arrow's, since its threads may outlive the interpreter that a Python file needs.
        with pa.OSFile(str(path)) as file:
            table = pq.ParquetFile(file).read(columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFile(
            f"{path} cannot be read as parquet: {error}; restore it or collect it again"
        ) from None
    missing = set(columns or ()) - set(table.column_names)
    if missing:
        raise DamagedFile(f"{path} lacks the columns {sorted(missing)}")
    return table
