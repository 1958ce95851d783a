"""Picture cache: a dataset's decoded pixels as a memory map, filled by one reader at a time."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.disk.atomic import replace_file, sweep
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.triples.lerobot.pictures import decode_file
from vla_sim.triples.lerobot.schema import CACHE

VARIABLE = "VLA_SIM_PICTURE_CACHE"
"""Environment variable that names a folder for the decoded pictures of all datasets."""


def decoded(
    root: Path,
    files: Sequence[tuple[Path, int]],
    shape: tuple[int, int, int],
    cache: Path | None = None,
) -> NDArray[np.uint8]:
    """All pictures of a dataset as one memory map, decoded the first time it is asked for.

    Whoever else reads the dataset meanwhile, in this process or another, waits for the file or
    finds it whole; what it maps stays valid when a later state of the dataset replaces it.

    Args:
        root: The dataset.
        files: Its data files in order, each with the number of its rows that count.
        shape: Height, width and channels.
        cache: Folder for the decoded file, which several datasets may share; None for the one that
            `VARIABLE` names, or else one inside the dataset.

    Returns:
        uint8 (n, h, w, 3), read-only, as fast as memory once its pages are warm.

    Raises:
        DamagedFile: If a file or picture cannot be read.
        RunFolderError: If the cache cannot be written.
    """
    n = sum(rows for _, rows in files)
    if not n:
        return np.empty((0, *shape), np.uint8)  # an empty file cannot be mapped
    named = os.environ.get(VARIABLE)
    folder = cache or (Path(named).expanduser() if named else root / CACHE)
    owner = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
    place = folder / f"pictures-{owner}-{_state(files)}.npy"
    mapped = _mapped(place)
    while mapped is None:
        try:
            _fill(place, files, (n, *shape), replaces=f"pictures-{owner}-*.npy")
        except RunFolderError as error:
            size_mb = n * shape[0] * shape[1] * shape[2] / 1e6
            raise RunFolderError(
                f"the decoded pictures of {root} ({size_mb:,.0f} MB) have no place: {error}; set "
                f"{VARIABLE} to a folder that can be written, or name it: align --picture-cache"
            ) from None
        mapped = _mapped(place)
    if mapped.shape != (n, *shape):
        raise DamagedFile(f"{place} holds pictures of {mapped.shape}; delete it")
    return mapped


def _mapped(place: Path) -> NDArray[np.uint8] | None:
    """The file as a memory map; None where there is none, or none any more."""
    try:
        mapped: NDArray[np.uint8] = np.load(place, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{place} is no file of pictures: {error}; delete it") from None
    return mapped


def _fill(
    place: Path,
    files: Sequence[tuple[Path, int]],
    shape: tuple[int, int, int, int],
    *,
    replaces: str,
) -> None:
    """Decode all pictures into `place`, and delete what older states of the dataset left."""
    with FolderLock.take(place.parent, purpose="decoding pictures", wait=True):
        if place.exists():
            return  # whoever was waited for has filled it
        sweep(place.parent)
        pictures = (p for path, rows in files for p in decode_file(path, shape[1:], rows))
        replace_file(place, lambda partial: _write(partial, pictures, shape))
        for old in place.parent.glob(replaces):
            if old != place:
                old.unlink(missing_ok=True)


def _write(
    path: Path, pictures: Iterable[NDArray[np.uint8]], shape: tuple[int, int, int, int]
) -> None:
    # Written, not mapped: on a full disk a write raises, and a map ends the process (SIGBUS).
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    n = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for picture in pictures:
            file.write(picture.tobytes())
            n += 1
    if n != shape[0]:
        raise DamagedFile(f"the data files hold {n} pictures; meta/ says {shape[0]}")


def _state(files: Sequence[tuple[Path, int]]) -> str:
    digest = hashlib.sha256()
    for path, rows in files:
        try:
            stat = path.stat()
        except OSError as error:
            raise DamagedFile(f"{path} is missing: {error}; restore it") from None
        digest.update(f"{path.name}/{rows}/{stat.st_size}/{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
