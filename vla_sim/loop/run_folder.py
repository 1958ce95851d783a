"""The run folder: everything that one run leaves behind, written so that a kill loses little."""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from vla_sim.disk import atomic
from vla_sim.disk.folder_lock import names_in
from vla_sim.disk.outlet import check_outlet
from vla_sim.errors import DamagedFile, RunFolderError

_KIND = "vla-sim run"
BEGUN = "run.json"
"""What a run was begun with; without it a folder holds no run."""
BEST = "best.json"
"""Names the checkpoint that a run keeps."""
BEFORE, AFTER = "before", "after"
"""Results in the folder of a finetuning: of the policy that it began with, and of what it kept."""


class RunFolder:
    """A folder with `run.json` (what was asked), logs, checkpoints and the report."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def refuse_taken(cls, path: Path) -> None:
        """See that a run could begin here, without making anything.

        Raises:
            RunFolderError: If the folder cannot be written, or already holds something.
        """
        check_outlet(path, is_folder=True)
        held = names_in(path)
        if held:
            raise RunFolderError(
                f"{path} already holds {', '.join(held[:4])}; give another --out, "
                "or --resume to go on with the run in it"
            )

    @classmethod
    def create(
        cls,
        path: Path,
        config: Mapping[str, Any],
        card: Mapping[str, str],
        *,
        verb: str,
        notes: Mapping[str, Any] | None = None,
    ) -> "RunFolder":
        """Begin a run in a new or empty folder.

        Args:
            path: The folder.
            config: The whole settings, as JSON.
            card: Provenance.
            verb: What begins it; only the same goes on with it.
            notes: What else `run.json` says.

        Raises:
            RunFolderError: If the folder cannot be written, or already holds something.
        """
        cls.refuse_taken(path)
        folder = cls(path)
        begun = {"kind": _KIND, "verb": verb, "config": config, "run_card": card}
        folder.write_json(BEGUN, begun | dict(notes or {}))
        return folder

    @classmethod
    def open(cls, path: Path, *, verb: str | None = None) -> "RunFolder":
        """Find an existing run.

        Args:
            path: The folder.
            verb: What began it; None for whatever did.

        Raises:
            RunFolderError: If there is none, it was never begun properly, or by another verb.
        """
        if not (path / BEGUN).is_file():
            raise RunFolderError(f"{path} holds no run (no run.json); give the folder of a run")
        folder = cls(path)
        begun = folder.read_json(BEGUN)
        if not isinstance(begun, dict) or begun.get("kind") != _KIND:
            raise RunFolderError(f"{path / BEGUN} was not written by vla-sim")
        if verb is not None and begun.get("verb") != verb:
            raise RunFolderError(
                f"{path} was begun by {begun.get('verb', 'another version')!r}, which "
                f"`vla-sim {verb}` cannot go on with; give another --out"
            )
        return folder

    @property
    def verb(self) -> str:
        """What began the run.

        Raises:
            DamagedFile: If `run.json` cannot be read.
        """
        return str(self.read_json(BEGUN).get("verb", ""))

    def take_back(self, scratch: Collection[str]) -> None:
        """Undo `create`, unless something that is worth keeping has come of the run.

        Args:
            scratch: Names of files and folders that are worth nothing alone.
        """
        held = names_in(self.path)
        if set(held) <= {BEGUN, *scratch}:
            for place in (self.path / name for name in held):
                shutil.rmtree(place) if place.is_dir() else place.unlink()

    def write_json(self, name: str, value: Any) -> None:
        """Replace a JSON file in one step.

        Raises:
            RunFolderError: If the folder cannot be written.
        """
        self.write_text(name, json.dumps(value, indent=1, ensure_ascii=False))

    def write_text(self, name: str, text: str) -> None:
        """Replace a file in one step.

        Raises:
            RunFolderError: If the folder cannot be written.
        """
        atomic.write_text(self.path / name, text)

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            DamagedFile: If it is missing or not JSON.
        """
        path = self.path / name
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DamagedFile(f"{path} cannot be read as JSON: {error}") from error

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Add a line to a JSON-lines file and see it on disk.

        A last line that a kill cut short is taken off first, since what follows would be glued to
        it and both would be lost.

        Raises:
            RunFolderError: If the folder cannot be written.
        """
        path = self.path / name
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        try:
            with path.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        file.truncate(len(_whole_lines(path.read_bytes())))
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunFolderError(f"cannot write {path}: {error.strerror}") from error

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of a JSON-lines file; a last line that a kill cut short is passed over.

        Raises:
            DamagedFile: If any other line is not JSON.
        """
        path = self.path / name
        if not path.is_file():
            return
        # Lines end with a line feed and with nothing else: what was said may hold other breaks.
        for number, line in enumerate(_whole_lines(path.read_bytes()).split(b"\n")[:-1], start=1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DamagedFile(f"{path}, line {number}, is not JSON: {error}") from error

    def keep_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Replace a JSON-lines file, for a run that goes on from an earlier point.

        Raises:
            RunFolderError: If the folder cannot be written.
        """
        self.write_text(name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _whole_lines(data: bytes) -> bytes:
    """The lines that were written to their end; a kill may cut the last one short."""
    return data[: data.rfind(b"\n") + 1]
