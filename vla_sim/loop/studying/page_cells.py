"""Of which cells a page is, beside it: a page that is kept somewhere is not replaced by a part."""

from pathlib import Path

from vla_sim.disk import atomic
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.loop.studying.study_run import StudyRun

FORMAT = "vla-sim study page 1"
FILE = "cells.json"
"""Beside the plots of a page."""


def require_whole(run: StudyRun) -> None:
    """See that a page which was asked for in a place of its own keeps every cell that it has.

    A few seeds or arms of a study, or other settings, are a study of their own: with its recipe's
    place its page would take that of the whole.

    Raises:
        BadConfig: If the page there is of cells that this study does not have.
        DamagedFile: If what is said of it cannot be read.
    """
    path = _path(run)
    if run.docs is None or not path.is_file():
        return
    said = atomic.read_json(path)
    held = said.get("cells")
    if said.get("format") != FORMAT or not isinstance(held, list):
        raise DamagedFile(f"{path} does not say of which cells a page is; delete it")
    lost = set(held) - set(_keys(run))
    if lost:
        raise BadConfig(
            f"{run.docs_folder / run.name}.md is of {len(held)} cells, and {len(lost)} of them are "
            "not of this study: --only and --shard measure a part of a study, and another --docs "
            f"or --name keeps what is there. To write that page anew, delete {path}"
        )


def write_cells(run: StudyRun) -> None:
    """Say of which cells the page is.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    atomic.write_json(_path(run), {"format": FORMAT, "cells": _keys(run)})


def _keys(run: StudyRun) -> list[str]:
    return [cell.key for cell in run.all_cells]


def _path(run: StudyRun) -> Path:
    return run.docs_folder / run.name / FILE
