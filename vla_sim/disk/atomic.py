"""Atomic: a file appears whole or not at all, whoever else writes it at the same time."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from vla_sim.errors import DamagedFile, RunFolderError

PARTIAL = ".partial"
"""Suffix of a file that is being written; one that a killed process left may be deleted."""
HEAD = 200
"""Characters of a file in which it says what it is."""


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, flush it to disk, and rename it into place.

    The file beside it has a name that no other writer has, in this process or another: of two who
    write the same path at once, each writes a whole file, and the later one stays.

    Args:
        path: The file's place; missing folders above it are made.
        write: Writes all of the file to the path that it is given.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(partial)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error}; what was there is unchanged") from None


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file by these bytes.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
    """
    replace_file(path, lambda partial: partial.write_bytes(data))


def write_text(path: Path, text: str) -> None:
    """Replace a file by this text, in UTF-8.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
    """
    write_bytes(path, text.encode())


def sweep(folder: Path) -> None:
    """Delete what killed processes left half-written in a folder that nobody else writes now."""
    for partial in folder.glob(f"*{PARTIAL}"):
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write JSON atomically.

    Raises:
        RunFolderError: If the folder cannot be written or is full.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    replace_file(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def says(path: Path, text: str) -> bool:
    """Whether a file of text begins with something, such as its format, within `HEAD`."""
    try:
        return path.is_file() and text in path.read_text(encoding="utf-8")[:HEAD]
    except (OSError, UnicodeDecodeError):
        return False


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
