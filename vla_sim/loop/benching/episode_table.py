"""Episode table: rows of a result as a parquet file, in the columns of `eval/columns.py`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from vla_sim.errors import DamagedFile
from vla_sim.eval.columns import COLUMNS, Kind, row_from, values_of
from vla_sim.eval.metrics.table import METRICS
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.triples.lerobot.parquet import read_table, write_table

_TYPES: Mapping[Kind, Any] = {
    "text": pa.string(),
    "whole": pa.int64(),
    "yes_no": pa.bool_(),
    "number": pa.float64(),
    "counts": pa.map_(pa.string(), pa.int64()),
}


def write_rows(path: Path, rows: Sequence[EpisodeRow]) -> None:
    """Write rows atomically; equal rows give equal bytes.

    Raises:
        RunFolderError: If the file cannot be written.
    """
    values = [values_of(row) for row in rows]
    schema = pa.schema(
        [
            pa.field(name, _TYPES[column.kind], metadata=_said(column.about, column.unit))
            for name, column in COLUMNS.items()
        ]
    )
    columns = [
        pa.array([_plain(value[name]) for value in values], type=_TYPES[column.kind])
        for name, column in COLUMNS.items()
    ]
    write_table(path, pa.Table.from_arrays(columns, schema=schema))


def read_rows(path: Path) -> list[EpisodeRow]:
    """The rows that `write_rows` wrote; a metric that came later is undefined in them.

    Raises:
        DamagedFile: If the file cannot be read, or lacks a column.
    """
    table = read_table(path)
    if lacking := [n for n in COLUMNS if n not in METRICS and n not in table.column_names]:
        raise DamagedFile(
            f"{path} lacks the column {', '.join(lacking)}: it was cut, or written by an older "
            "vla-sim; measure again"
        )
    for name in METRICS:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table)))
    try:
        return [row_from(values) for values in table.to_pylist()]
    except DamagedFile as error:
        raise DamagedFile(f"{path}: {error}") from error


def checksum(rows: Sequence[EpisodeRow]) -> str:
    """A number that any change of any value of any row changes."""
    digest = hashlib.sha256()
    for row in rows:
        values = {n: _plain(value) for n, value in values_of(row).items() if value is not None}
        digest.update(json.dumps(values, sort_keys=True, ensure_ascii=True).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return sorted(value.items()) if isinstance(value, Mapping) else value


def _said(about: str, unit: str) -> dict[str, str]:
    return {"about": about, "unit": unit} if unit else {"about": about}
