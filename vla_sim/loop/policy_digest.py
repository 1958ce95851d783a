"""Policy digest: a text that changes when what a policy's name stands for has changed.

A name is a place, and another training may have put another model there. What is measured over an
interrupt, or by several machines, has to be one policy.
"""

import hashlib
import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vla_sim.agents.controls import POLICIES
from vla_sim.foreign import imported_as, is_foreign
from vla_sim.loop.choice import LEROBOT, RETRIEVAL, Choice, is_remote
from vla_sim.loop.policies import best_checkpoint

_DIGITS = 16
_CHUNK = 2**20
_CHECKPOINT, _TUNED = "checkpoint.json", "finetune.json"
"""Indices, which name the tensors of a model with their digests."""
_OF_TRAINING = ("trainer", "trainer_meta", "notes")
"""What an index holds beside the model."""


def policy_digest(choice: Choice) -> str:
    """The digest of a policy's weights, or of the file that it lies in and those it is given.

    Empty for what the package holds, and for a server, which does not say what it serves. Of code
    of the user's own, what it imports in turn is not looked at.

    Empty, too, where a file is missing or damaged: loading says what is wrong.
    """
    name = choice.name
    if name in POLICIES or is_remote(name):
        return ""
    digest = hashlib.sha256()
    try:
        for path in _files(choice):
            digest.update(_digest(path))
    except (OSError, ValueError):
        return ""
    return digest.hexdigest()[:_DIGITS]


def _files(choice: Choice) -> Iterable[Path]:
    """What of a policy is read, in an order that does not depend on the machine."""
    name = choice.name
    if name.startswith(RETRIEVAL):
        # Here, because only this needs to know what a run remembers, and torch with it.
        from vla_sim.loop.retrieving import memory_of

        run = Path(name.removeprefix(RETRIEVAL))
        return [best_checkpoint(run) / _CHECKPOINT, memory_of(run)]
    if name.startswith(LEROBOT):
        return _under(Path(name.removeprefix(LEROBOT)))
    if name.endswith(".zip"):
        return [Path(name)]
    folder = Path(name)
    if (folder / _TUNED).is_file():
        return [folder / _TUNED, *_under(folder / "encoder", _CHECKPOINT)]
    if folder.is_dir():
        return [best_checkpoint(folder) / _CHECKPOINT]
    given = [Path(value) for _, value in choice.args if Path(value).exists()]
    files = [file for path in given for file in (_under(path) if path.is_dir() else [path])]
    return [*_source(name), *files]


def _source(name: str) -> list[Path]:
    """The file that an object of the user's own lies in; none where it is compiled."""
    if not is_foreign(name):
        return []
    found = find_spec(imported_as(name, "policy").partition(":")[0])
    return [] if found is None or found.origin is None else [Path(found.origin)]


def _under(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


def _digest(path: Path) -> bytes:
    if path.name in (_CHECKPOINT, _TUNED):
        return _of_index(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _of_index(index: Path) -> bytes:
    """Of what an index says of the model; training that goes on changes the rest."""
    read: Any = json.loads(index.read_bytes())
    kept = {name: value for name, value in read.items() if name not in _OF_TRAINING}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).digest()
