"""Resumption: a run goes on with the settings that it was begun with, and may change a few."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.loop.run_folder import BEGUN, RunFolder
from vla_sim.loop.settings import KIND, from_json, to_json

C = TypeVar("C")
_NOTHING = object()


def begun_with(cls: type[C], out: Path, *, verb: str) -> C:
    """The settings that the run in a folder was begun with.

    Those that it could not know count as what was done before them, see `unsaid`.

    Args:
        cls: Their class.
        out: The run folder.
        verb: What began the run: "align", "collect", "finetune".

    Raises:
        RunFolderError: If the folder holds no run, or one of another verb, or of settings that are
            refused by now.
        DamagedFile: If its settings cannot be read back.
    """
    return _begun(RunFolder.open(out, verb=verb), cls)


def _begun(folder: RunFolder, cls: type[C]) -> C:
    source = folder.path / BEGUN
    try:
        return from_json(cls, folder.read_json(BEGUN).get("config"), source=source)
    except BadConfig as error:
        raise RunFolderError(
            f"{source} holds settings that are refused by now: {error}. The version that began "
            "the run can go on with it; or begin another one"
        ) from error


def require_same(folder: RunFolder, run: object, *, may_change: Sequence[str]) -> None:
    """Let a run go on only with the settings that it was begun with.

    Args:
        folder: Its folder.
        run: The settings to go on with.
        may_change: Names of those that may differ; a group's name stands for all in it.

    Raises:
        RunFolderError: If another one differs; it names each, and those that may change.
        DamagedFile: If a setting that it was begun with is none any more, or cannot be read back.
    """
    begun, asked = to_json(_begun(folder, type(run))), to_json(run)
    wrong = [
        difference
        for difference in differences(begun, asked)
        if not any(f"{difference.name}.".startswith(f"{name}.") for name in may_change)
    ]
    if wrong:
        raise RunFolderError(
            f"{folder.path} was begun with {'; '.join(map(str, wrong))}. `--resume --out "
            f"{folder.path}` alone goes on with what is in its run.json, and only "
            f"{', '.join(may_change)} may change; for other settings give another --out"
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting that two trees hold with different values."""

    name: str
    """With dots, as on the command line."""
    begun: object
    asked: object

    def __str__(self) -> str:
        return f"{self.name} = {_said(self.begun)}, not {_said(self.asked)}"


def differences(begun: Mapping[str, Any], asked: Mapping[str, Any]) -> list[Difference]:
    """The settings, as JSON, in which two trees differ; where a class differs, that alone."""
    return list(_differ(begun, asked, ""))


def _differ(begun: Any, asked: Any, name: str) -> Iterator[Difference]:
    if not (isinstance(begun, Mapping) and isinstance(asked, Mapping)):
        if begun != asked:
            yield Difference(name=name, begun=begun, asked=asked)
        return
    kinds = [tree.get(KIND) for tree in (begun, asked)]
    if kinds[0] != kinds[1]:
        yield Difference(name=name, begun=kinds[0], asked=kinds[1])
        return
    for key in dict.fromkeys((*begun, *asked)):
        below = f"{name}.{key}" if name else key
        yield from _differ(begun.get(key, _NOTHING), asked.get(key, _NOTHING), below)


def _said(value: object) -> str:
    if value is _NOTHING:
        return "nothing"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
