"""Array cache: what was read out of a dataset as a memory map, filled by one reader at a time."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vla_sim.disk.atomic import replace_file, sweep
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.triples.lerobot.schema import CACHE

VARIABLE = "VLA_SIM_PICTURE_CACHE"
"""Environment variable that names a folder for what is cached of all datasets."""


def cached(
    root: Path,
    kind: str,
    state: str,
    rows: Callable[[], Iterable[NDArray[np.generic]]],
    *,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    cache: Path | None = None,
) -> NDArray[np.generic]:
    """An array over a dataset as a memory map, made the first time it is asked for.

    Whoever else reads the dataset meanwhile, in this process or another, waits for the file or
    finds it whole; what it maps stays valid when a later state of the dataset replaces it.

    Args:
        root: The dataset.
        kind: What the array holds, in one word; files of another state are deleted by it.
        state: What it follows from, see `state_of`.
        rows: Makes the rows in order, one or several at a time.
        shape: Of the array, (n, ...).
        dtype: Of the array.
        cache: Folder for the file, which several datasets may share; None for the one that
            `VARIABLE` names, or else one inside the dataset.

    Returns:
        (n, ...), read-only, as fast as memory once its pages are warm.

    Raises:
        DamagedFile: If the file is damaged, or the dataset does not hold n rows.
        RunFolderError: If the cache cannot be written.
    """
    wanted = np.dtype(dtype)
    if not shape[0]:
        return np.empty(shape, wanted)  # an empty file cannot be mapped
    named = os.environ.get(VARIABLE)
    folder = cache or (Path(named).expanduser() if named else root / CACHE)
    owner = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
    place = folder / f"{kind}-{owner}-{state}.npy"
    mapped = _mapped(place, kind)
    while mapped is None:
        try:
            _fill(place, rows, shape, wanted, replaces=f"{kind}-{owner}-*.npy")
        except RunFolderError as error:
            size_mb = np.prod(shape, dtype=np.float64) * wanted.itemsize / 1e6
            raise RunFolderError(
                f"the decoded {kind} of {root} ({size_mb:,.0f} MB) have no place: {error}; set "
                f"{VARIABLE} to a folder that can be written, or name it: align --picture-cache"
            ) from None
        mapped = _mapped(place, kind)
    if mapped.shape != shape or mapped.dtype != wanted:
        raise DamagedFile(f"{place} holds {kind} of {mapped.shape}; delete it")
    return mapped


def state_of(files: Sequence[tuple[Path, int]], *more: object) -> str:
    """What a cached array follows from, in a few letters.

    Args:
        files: Data files, each with the number of its rows that count.
        more: What else it follows from; equal things have to have equal texts.

    Raises:
        DamagedFile: If a file is missing.
    """
    digest = hashlib.sha256()
    for path, rows in files:
        try:
            stat = path.stat()
        except OSError as error:
            raise DamagedFile(f"{path} is missing: {error}; restore it") from None
        digest.update(f"{path.name}/{rows}/{stat.st_size}/{stat.st_mtime_ns}\n".encode())
    for value in more:
        digest.update(f"{value}\n".encode())
    return digest.hexdigest()[:16]


def _mapped(place: Path, kind: str) -> NDArray[np.generic] | None:
    """The file as a memory map; None where there is none, or none any more."""
    try:
        mapped: NDArray[np.generic] = np.load(place, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{place} is no file of {kind}: {error}; delete it") from None
    return mapped


def _fill(
    place: Path,
    rows: Callable[[], Iterable[NDArray[np.generic]]],
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    *,
    replaces: str,
) -> None:
    """Write all rows into `place`, and delete what older states of the dataset left."""
    with FolderLock.take(place.parent, purpose="decoding a dataset", wait=True):
        if place.exists():
            return  # whoever was waited for has filled it
        sweep(place.parent)
        replace_file(place, lambda partial: _write(partial, rows(), shape, dtype))
        for old in place.parent.glob(replaces):
            if old != place:
                old.unlink(missing_ok=True)


def _write(
    path: Path,
    rows: Iterable[NDArray[np.generic]],
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
) -> None:
    # Written, not mapped: on a full disk a write raises, and a map ends the process (SIGBUS).
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    n_bytes, one = 0, int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for some in rows:
            n_bytes += file.write(some.tobytes())
    if n_bytes != shape[0] * one:
        raise DamagedFile(f"the data files hold {n_bytes / one:g} rows; meta/ says {shape[0]}")
