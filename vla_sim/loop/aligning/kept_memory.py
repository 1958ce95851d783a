"""Kept memory: the file of what a learner remembers, which belongs to one state of its trainer.

Two files cannot be replaced in one moment. So a memory is written under the name that the saved
trainer does not name, and the trainer's notes name it: whenever a process is killed, the trainer
that is there has its memory beside it.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vla_sim.align.checkpoint import INDEX
from vla_sim.disk.atomic import replace_file
from vla_sim.errors import DamagedFile, RunFolderError

TRAINER = "trainer"
"""The checkpoint beside it."""
NOTE = "memory"
"""The note of that checkpoint which names the file."""
MEMORY, OTHER = "memory.safetensors", "memory_other.safetensors"
"""Its names by turns; a trainer that names none has the first."""


def place_of(folder: Path) -> Path:
    """The memory that belongs to the trainer which a folder holds, where there is one.

    Raises:
        DamagedFile: If the trainer's notes cannot be read.
    """
    index = folder / TRAINER / INDEX
    if not index.is_file():
        return folder / MEMORY
    try:
        return folder / str(json.loads(index.read_bytes())["notes"].get(NOTE, MEMORY))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(f"{index} cannot be read: {error!r}; start afresh") from error


def write(folder: Path, arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Write a memory beside the one that the saved trainer needs.

    Returns:
        Its name, to be noted by the trainer that is saved with it.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
        DamagedFile: If the saved trainer's notes cannot be read.
    """
    held = place_of(folder)
    path = folder / (OTHER if held.name == MEMORY and held.is_file() else MEMORY)
    ordered = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    try:
        replace_file(path, lambda draft: save_file(ordered, draft))
    except SafetensorError as error:  # how safetensors says that the disk is full
        raise RunFolderError(f"cannot write {path}: {error}") from error
    return path.name


def read(folder: Path) -> dict[str, NDArray[np.generic]]:
    """The memory of the saved trainer.

    Raises:
        DamagedFile: If it is missing or damaged.
    """
    path = place_of(folder)
    try:
        arrays: dict[str, NDArray[np.generic]] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DamagedFile(f"{path} cannot be read: {error}") from error
    return arrays


def sweep(folder: Path) -> None:
    """Delete the memory that no trainer needs any more."""
    held = place_of(folder).name
    for name in {MEMORY, OTHER} - {held}:
        (folder / name).unlink(missing_ok=True)
