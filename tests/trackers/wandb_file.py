"""What an offline run of wandb wrote down, read back from its file.

Source:
    The file is a log of records in blocks, as LevelDB writes one, with a head of its own; each
    record is a message that wandb's own `wandb_internal_pb2` describes.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

_BLOCK, _FILE_HEAD, _HEAD = 32768, 7, 7
_WHOLE, _FIRST, _LAST = 1, 2, 4


@dataclass(frozen=True)
class WandbRun:
    """What the file of a finished run holds."""

    project: str
    name: str
    rows: list[dict[str, Any]]
    """The rows of numbers, with `_step`."""


def read_run(path: Path) -> WandbRun | None:
    """The run in a file; None while wandb still writes on it, which it does after `finish`."""
    project = name = ""
    rows, is_over = [], False
    for data in _records(path.read_bytes()):
        record = Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            project, name = record.run.project, record.run.display_name
        elif kind == "history":
            items = record.history.item
            rows.append({i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in items})
        is_over |= kind == "exit"
    return WandbRun(project, name, rows) if is_over else None


def _records(data: bytes) -> Iterator[bytes]:
    place, parts = _FILE_HEAD, b""
    while place + _HEAD <= len(data):
        left = _BLOCK - place % _BLOCK
        if left < _HEAD:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + _HEAD])
        part = data[place + _HEAD : place + _HEAD + length]
        place += _HEAD + length
        if len(part) < length:
            return
        if kind in (_WHOLE, _FIRST):
            parts = b""
        parts += part
        if kind in (_WHOLE, _LAST):
            yield parts
