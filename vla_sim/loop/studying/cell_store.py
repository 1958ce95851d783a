"""The store of cells: a folder with a file for each, written by several processes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vla_sim.disk import atomic
from vla_sim.errors import DamagedFile
from vla_sim.eval.run_card import commit
from vla_sim.loop.studying.cell import CHANGES_NOTHING, Cell
from vla_sim.loop.studying.cell_values import CellValues, from_json
from vla_sim.loop.studying.fingerprint import holds, settled

FORMAT = "vla-sim study cell 1"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a cell's file says.

    Attributes:
        values: What was measured; None where it failed.
        failure: Why it failed; empty where it did not.
        commit: Of the code.
    """

    values: CellValues | None
    failure: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class CellStore:
    """The folder that cells are kept in, a file each."""

    folder: Path

    def path(self, cell: Cell) -> Path:
        """The file of a cell."""
        return self.folder / f"{cell.key}.json"

    def read(self, cell: Cell) -> Outcome | None:
        """What came of a cell; None where it was not measured, or with other settings.

        Raises:
            DamagedFile: If its file is damaged.
        """
        path = self.path(cell)
        if not path.is_file():
            return None
        held = atomic.read_json(path)
        if held.get("format") != FORMAT:
            raise DamagedFile(f"{path} says {held.get('format')!r}, not {FORMAT!r}; delete it")
        asked = settled(cell.settings, left_out=CHANGES_NOTHING)
        if not holds(held.get("settings"), asked, cell.settings):
            return None
        said: Any = held.get("values")
        try:
            return Outcome(
                values=None if said is None else from_json(said),
                failure=str(held.get("failure", "")),
                commit=str(held.get("commit", "")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedFile(f"{path} is damaged ({error!r}); delete it") from error

    def write(self, cell: Cell, *, values: CellValues | None = None, failure: str = "") -> None:
        """Keep what came of a cell, in the place of what was there."""
        made = {
            "format": FORMAT,
            "arm": cell.arm,
            "seed": cell.seed,
            "commit": commit(Path(__file__).parents[2]) or "",
            "settings": settled(cell.settings, left_out=CHANGES_NOTHING),
            "failure": failure,
            "values": None if values is None else asdict(values),
        }
        atomic.write_text(self.path(cell), json.dumps(made, indent=1, ensure_ascii=False) + "\n")
