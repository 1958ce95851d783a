"""Outlet: a file that is written last has a place before the work begins."""

import os
from pathlib import Path

from vla_sim.errors import RunFolderError


def check_outlet(path: Path, *, is_folder: bool = False) -> None:
    """Let pass a path that can be written as things are now; nothing is made or touched.

    Args:
        path: Where a result will go; folders above it may be missing.
        is_folder: A folder will be filled, rather than a file replaced.

    Raises:
        RunFolderError: If a file would replace a folder or a folder a file, if a file stands where
            a folder is needed, or if the folder cannot be written.
    """
    if "\0" in str(path):
        raise RunFolderError(f"cannot write {str(path)!r}: a name holds no null character")
    try:
        if is_folder and path.exists() and not path.is_dir():
            raise RunFolderError(f"{path} is a file; give a folder")
        if not is_folder and path.is_dir():
            raise RunFolderError(f"{path} is a folder; give a file in it")
        folder = path if is_folder else path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise RunFolderError(f"cannot write {path}: {folder} is a file, not a folder")
    except OSError as error:  # a name that no file system takes
        raise RunFolderError(f"cannot write {path}: {error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunFolderError(f"cannot write {path}: no right to write in {folder}")
