"""Cells of a study: one measurement each, made once, kept in the repository, made again if stale.

A study of trained models takes longer than anybody waits. It is cut into cells that are measured
one by one, in any order and in several processes; a killed study goes on with the cell it was at.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.studying.fingerprint import holds, settled

RESULTS = Path(__file__).parent / "results"
_MEASURES: ContextVar[bool] = ContextVar("measures", default=True)
_FORMER: ContextVar[list[str] | None] = ContextVar("former", default=None)


class NotMeasured(Exception):
    """A cell is not there, and nothing is to be measured now."""


@contextmanager
def reading_only() -> Iterator[None]:
    """Inside, a cell that is missing raises NotMeasured instead of being measured."""
    before = _MEASURES.set(False)
    try:
        yield
    finally:
        _MEASURES.reset(before)


@contextmanager
def former_too(really: bool = True) -> Iterator[list[str]]:
    """Inside, a cell of other settings is read as well, and named in what this gives."""
    read_so: list[str] = []
    before = _FORMER.set(read_so if really else None)
    try:
        yield read_so
    finally:
        _FORMER.reset(before)


def may_measure() -> bool:
    """Whether what is missing is to be measured: not so inside `reading_only`."""
    return _MEASURES.get()


def cell(name: str, settings: Mapping[str, Any], make: Callable[[], Mapping[str, Any]]) -> Any:
    """The values of a cell, from its file or measured now.

    Args:
        name: Path of its file below `benchmarks/results`, without the ending.
        settings: All that its values depend on beside the code, configs as they are. A file made
            with others is stale and is replaced.
        make: Measures; its values are JSON.

    Raises:
        NotMeasured: If it would have to be measured inside `reading_only`.
    """
    kept = read(name, settings)
    if kept is not None:
        return kept
    if not may_measure():
        raise NotMeasured(name)
    made = {"settings": settled(settings), "commit": commit(), "values": settled(make())}
    (RESULTS / name).parent.mkdir(parents=True, exist_ok=True)
    RunFolder(RESULTS).write_json(f"{name}.json", made)
    return made["values"]


def read(name: str, settings: Mapping[str, Any]) -> Any:
    """The values of a cell that was measured with these settings; None if it was not.

    Inside `former_too` they may be those of others.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    if holds(held["settings"], settled(settings), settings):
        return held["values"]
    read_so = _FORMER.get()
    if read_so is None:
        return None
    read_so.append(f"{name} of {held['commit'][:7]}")
    return held["values"]


def commit() -> str:
    """The commit of the working tree, marked where files differ from it; "" outside a clone."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()
