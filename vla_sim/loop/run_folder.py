"""The run folder: everything that one run leaves behind, written so that a kill loses little."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vla_sim.disk.folder_lock import names_in
from vla_sim.errors import DamagedFile, RunFolderError

_KIND = "vla-sim run"


class RunFolder:
    """A folder with `run.json` (what was asked), logs, checkpoints and the report."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, config: Mapping[str, Any], card: Mapping[str, str]) -> "RunFolder":
        """Begin a run in a new or empty folder.

        Raises:
            RunFolderError: If the folder cannot be written, or already holds something.
        """
        folder = cls(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            held = names_in(path)
            if held:
                raise RunFolderError(
                    f"{path} already holds {', '.join(held[:4])}; give another --out, "
                    "or --resume to go on with the run in it"
                )
            folder.write_json("run.json", {"kind": _KIND, "config": config, "run_card": card})
        except OSError as error:
            raise RunFolderError(f"cannot write a run to {path}: {error.strerror}") from error
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Find an existing run.

        Raises:
            RunFolderError: If there is none, or it was never begun properly.
        """
        if not (path / "run.json").is_file():
            raise RunFolderError(f"{path} holds no run (no run.json); give the folder of a run")
        folder = cls(path)
        if folder.read_json("run.json").get("kind") != _KIND:
            raise RunFolderError(f"{path / 'run.json'} was not written by vla-sim")
        return folder

    def write_json(self, name: str, value: Any) -> None:
        """Replace a JSON file in one step."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(target.name + ".tmp")
        draft.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
        draft.replace(target)

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            DamagedFile: If it is missing or not JSON.
        """
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise DamagedFile(f"{path} cannot be read as JSON: {error}") from error

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Add a line to a JSON-lines file and see it on disk."""
        with (self.path / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of a JSON-lines file; a last line that a kill cut short is passed over.

        Raises:
            DamagedFile: If any other line is not JSON.
        """
        path = self.path / name
        if not path.is_file():
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                if number == len(lines):
                    return
                raise DamagedFile(f"{path}, line {number}, is not JSON: {error}") from error

    def keep_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Replace a JSON-lines file, for a run that goes on from an earlier point."""
        draft = (self.path / name).with_suffix(".tmp")
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.path / name)
