"""Pictures: PNG bytes, one way and back."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.parquet import read_table
from vla_sim.triples.lerobot.schema import IMAGE_KEY

PNG_LEVEL = 1
"""Higher levels save a few percent of disk and cost several times the time."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB_8_BIT = b"\x08\x02\x00\x00\x00"


def encode(picture: NDArray[np.uint8]) -> bytes:
    """PNG bytes of a picture, uint8 (h, w, 3).

    Rows are stored unfiltered: pictures of flat faces deflate as well that way, and filtering is
    most of what a general encoder does (measured: 30 to 55 instead of 120 to 135 us at 64 px).
    """
    h, w, _ = picture.shape
    rows = np.zeros((h, 1 + 3 * w), dtype=np.uint8)  # the first byte of a row names its filter: 0
    rows[:, 1:] = picture.reshape(h, 3 * w)
    header = struct.pack(">II", w, h) + _RGB_8_BIT
    pixels = zlib.compress(rows.tobytes(), PNG_LEVEL)
    return b"".join(
        (_SIGNATURE, _part(b"IHDR", header), _part(b"IDAT", pixels), _part(b"IEND", b""))
    )


def _part(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def decode(data: bytes, *, shape: tuple[int, int, int], name: str) -> NDArray[np.uint8]:
    """The picture in PNG bytes.

    Raises:
        DamagedFile: If they hold none, or one of another shape; `name` says where they came from.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            picture = np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise DamagedFile(f"{name} holds no readable picture: {error}") from None
    if picture.shape != shape:
        raise DamagedFile(f"{name} holds a picture of {picture.shape}, not of {shape}")
    return picture


def decode_file(
    path: Path, shape: tuple[int, int, int], n_rows: int
) -> Iterator[NDArray[np.uint8]]:
    """The first `n_rows` pictures of a data file, in order.

    Raises:
        DamagedFile: If the file or one of its pictures cannot be read.
    """
    column = read_table(path, [IMAGE_KEY]).column(IMAGE_KEY).slice(0, n_rows)
    row = 0
    for chunk in column.chunks:
        for data in chunk.field("bytes"):
            yield decode(data.as_py() or b"", shape=shape, name=f"{path}, row {row},")
            row += 1
