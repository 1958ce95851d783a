"""Cells of a study: one measurement each, made once, kept in the repository, made again if stale.

A study of trained models takes longer than anybody waits. It is cut into cells that are measured
one by one, in any order and in several processes; a killed study goes on with the cell it was at.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.settings import to_json

RESULTS = Path(__file__).parent / "results"
LEFT_OUT = ("out", "resume", "max_seconds")
"""Settings of a run that say where it lies and how it is cut, not what comes of it."""
_MEASURES: ContextVar[bool] = ContextVar("measures", default=True)


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


def settled(settings: Mapping[str, Any]) -> Any:
    """Settings as JSON has them: tuples are lists, paths are text, configs are mappings."""
    return json.loads(json.dumps(_plain(settings), default=str))


def _plain(value: Any) -> Any:
    if _is_config(value):
        return {name: held for name, held in to_json(value).items() if name not in LEFT_OUT}
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    return value


def holds(held: Any, asked: Any, source: Any) -> bool:
    """Whether a cell's settings are those that are asked for.

    A setting that came after the cell was measured is at its default what was before there was one.

    Args:
        held: Of the cell.
        asked: Of today, see `settled`.
        source: What `asked` was made of.
    """
    if not (isinstance(held, dict) and isinstance(asked, dict)):
        return bool(held == asked)
    if held.keys() - asked.keys():
        return False
    for name, value in asked.items():
        if name in held:
            inner = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
            if not holds(held[name], value, inner):
                return False
        elif not _is_config(source) or not _is_default(source, name):
            return False
    return True


def _is_default(config: Any, name: str) -> bool:
    """Whether a setting has its default."""
    (field,) = [field for field in fields(config) if field.name == name]
    made = field.default if field.default_factory is MISSING else field.default_factory()
    return bool(getattr(config, name) == made)


def _is_config(value: object) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


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
    if not _MEASURES.get():
        raise NotMeasured(name)
    made = {"settings": settled(settings), "commit": commit(), "values": settled(make())}
    (RESULTS / name).parent.mkdir(parents=True, exist_ok=True)
    RunFolder(RESULTS).write_json(f"{name}.json", made)
    return made["values"]


def read(name: str, settings: Mapping[str, Any]) -> Any:
    """The values of a cell that was measured with these settings; None if it was not."""
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    fits = holds(held["settings"], settled(settings), settings)
    return held["values"] if fits else None


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
