"""Pictures: PNG bytes in parquet, and a memory map of decoded pixels beside them."""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vla_sim.disk.atomic import replace_file
from vla_sim.errors import DamagedFile
from vla_sim.triples.lerobot.parquet import read_table

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
    path: Path, key: str, shape: tuple[int, int, int], n_rows: int
) -> Iterator[NDArray[np.uint8]]:
    """The first `n_rows` pictures of a data file, in order.

    Raises:
        DamagedFile: If the file or one of its pictures cannot be read.
    """
    column = read_table(path, [key]).column(key).slice(0, n_rows)
    row = 0
    for chunk in column.chunks:
        for data in chunk.field("bytes"):
            yield decode(data.as_py() or b"", shape=shape, name=f"{path}, row {row},")
            row += 1


def decoded(
    files: Sequence[tuple[Path, int]], key: str, shape: tuple[int, int, int], cache: Path
) -> NDArray[np.uint8]:
    """All pictures of a dataset as one memory map, decoded the first time it is asked for.

    Args:
        files: Data files in order, each with the number of its rows that count.
        key: The feature that holds the pictures.
        shape: Height, width and channels.
        cache: Folder for the decoded file; what it holds of older states is deleted.

    Returns:
        uint8 (n, h, w, 3), read-only, as fast as memory once its pages are warm.

    Raises:
        DamagedFile: If a file or picture cannot be read.
        RunFolderError: If the cache cannot be written; another folder can be given.
    """
    n = sum(rows for _, rows in files)
    if not n:
        return np.empty((0, *shape), np.uint8)  # an empty file cannot be mapped
    place = cache / f"pictures-{_fingerprint(files, key)}.npy"
    if not place.exists():
        pictures = (p for path, rows in files for p in decode_file(path, key, shape, rows))
        replace_file(place, lambda partial: _write(partial, pictures, (n, *shape)))
        for old in cache.glob("pictures-*.npy"):
            if old != place:
                old.unlink(missing_ok=True)
    mapped: NDArray[np.uint8] = np.load(place, mmap_mode="r", allow_pickle=False)
    if mapped.shape != (n, *shape):
        raise DamagedFile(f"{place} holds pictures of {mapped.shape}; delete it")
    return mapped


def _write(
    path: Path, pictures: Iterable[NDArray[np.uint8]], shape: tuple[int, int, int, int]
) -> None:
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    row = -1
    for row, picture in enumerate(pictures):
        mapped[row] = picture
    if row + 1 != len(mapped):
        raise DamagedFile(f"the data files hold {row + 1} pictures; meta/ says {len(mapped)}")
    mapped.flush()


def _fingerprint(files: Sequence[tuple[Path, int]], key: str) -> str:
    digest = hashlib.sha256(key.encode())
    for path, rows in files:
        try:
            stat = path.stat()
        except OSError as error:
            raise DamagedFile(f"{path} is missing: {error}; restore it") from None
        digest.update(f"{path.name}/{rows}/{stat.st_size}/{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
