"""Client: one PyBullet server of our own, without a window."""

import contextlib
import importlib
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vla_sim.errors import BadConfig


def pybullet() -> Any:
    """The package, imported when it is needed: it is an extra.

    Raises:
        BadConfig: If it is not installed.
    """
    try:
        with _hush():
            return importlib.import_module("pybullet")
    except ImportError as error:
        raise BadConfig(
            "the engine 'pybullet' needs the package pybullet: pip install 'vla-sim[pybullet]'"
            " (there are wheels for Python 3.11, none for 3.12 and later); or use the engine"
            f" 'mujoco'. The import says: {error}"
        ) from error


@contextlib.contextmanager
def _hush() -> Iterator[None]:
    """Keep what C code writes to standard error away: PyBullet greets on import."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Client:
    """A connection that is closed when nobody holds it any more.

    Raises:
        BadConfig: If PyBullet is missing or has no connection left.
    """

    def __init__(self) -> None:
        self.api = pybullet()
        self.id: int = self.api.connect(self.api.DIRECT)
        if self.id < 0:
            raise BadConfig("PyBullet allows no further simulation in this process; use fewer")
        self.to = {"physicsClientId": self.id}
        """What every call of the API has to be told."""
        self._closed = weakref.finalize(self, self.api.disconnect, self.id)

    def close(self) -> None:
        """Give the simulation back; doing so twice does no harm."""
        self._closed()
