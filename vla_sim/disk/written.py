"""When a file was written: what is kept of its content is good for as long."""

from pathlib import Path

from vla_sim.errors import DamagedFile


def when_written(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced.

    Raises:
        DamagedFile: If it is not there.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise DamagedFile(f"{path} cannot be read: {error.strerror}") from error
    return found.st_mtime_ns, found.st_size, found.st_ino
