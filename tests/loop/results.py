"""What tests of results share: their bytes, and a benchmark that is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vla_sim.loop.benching.result import CARD
from vla_sim.loop.benching.row_store import RowStore
from vla_sim.records.episode import Episode


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All but what was the machine's."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != CARD}


@contextmanager
def killed_after_first_rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What runs inside is interrupted when it has kept its first rows, and has to be."""
    kept = RowStore.add

    def once(self: RowStore, episodes: list[Episode]) -> None:
        kept(self, episodes)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RowStore, "add", once)
        yield
