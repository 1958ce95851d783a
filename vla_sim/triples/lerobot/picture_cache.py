"""Picture cache: a dataset's decoded pixels as a memory map."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vla_sim.triples.lerobot.array_cache import cached, state_of
from vla_sim.triples.lerobot.pictures import decode_file


def decoded(
    root: Path,
    files: Sequence[tuple[Path, int]],
    shape: tuple[int, int, int],
    cache: Path | None = None,
) -> NDArray[np.uint8]:
    """All pictures of a dataset as one memory map, decoded the first time it is asked for.

    Args:
        root: The dataset.
        files: Its data files in order, each with the number of its rows that count.
        shape: Height, width and channels.
        cache: As in `cached`, which says who waits for whom.

    Returns:
        uint8 (n, h, w, 3), read-only.

    Raises:
        DamagedFile: If a file or picture cannot be read.
        RunFolderError: If the cache cannot be written.
    """
    pictures = cached(
        root,
        "pictures",
        state_of(files),
        lambda: (p for path, rows in files for p in decode_file(path, shape, rows)),
        shape=(sum(rows for _, rows in files), *shape),
        dtype=np.uint8,
        cache=cache,
    )
    return cast(NDArray[np.uint8], pictures)
