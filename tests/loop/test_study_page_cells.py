"""A page that is kept in a place of its own is not replaced by that of a part of its study."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vla_sim.cli.main import main
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.loop.studying.page_cells import FILE
from vla_sim.loop.studying.study import study
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.recipes.study import ablation, glance

QUIET = Console(quiet=True)


@pytest.fixture
def kept(tmp_path: Path) -> StudyRun:
    """A study whose page lies in a place of its own."""
    run = replace(glance(), out=tmp_path / "out", docs=tmp_path / "docs", show=True)
    study(run, QUIET)
    return run


def bytes_in(run: StudyRun) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in run.docs_folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("fewer", [{"seeds": (0,)}, {"arms": ("base", "no-alignment")}])
def test_fewer_seeds_or_arms_leave_the_page_as_it_is(kept: StudyRun, fewer: dict[str, Any]) -> None:
    before, part = bytes_in(kept), replace(kept, **fewer)
    with pytest.raises(BadConfig, match=r"glance.md is of 6 cells, and [23] of them are not of"):
        study(part, QUIET)
    assert bytes_in(kept) == before
    for elsewhere in ({"docs": None}, {"name": "part"}):
        study(replace(part, **elsewhere), QUIET)
    assert {path: held for path, held in bytes_in(kept).items() if path in before} == before


def test_more_seeds_arms_or_cells_are_written(kept: StudyRun) -> None:
    study(kept, QUIET)
    study(replace(kept, seeds=(2, 0, 1), arms=(*kept.arms, "pcgrad")), QUIET)
    with pytest.raises(BadConfig, match="is of 12 cells, and 6 of them"):
        study(kept, QUIET)
    (kept.docs_folder / kept.name / FILE).unlink()
    study(kept, QUIET)


def test_a_page_that_does_not_say_of_which_cells_it_is_is_named(kept: StudyRun) -> None:
    (kept.docs_folder / kept.name / FILE).write_text("{}")
    with pytest.raises(DamagedFile, match=r"cells\.json does not say of which cells"):
        study(kept, QUIET)


@pytest.mark.parametrize("changed", [["--seeds", "0"], ["--updates", "600"]])
def test_the_page_of_this_repository_is_that_of_the_whole_ablation(
    changed: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    docs = Path(__file__).parents[2] / "docs" / "studies"
    before = {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()}
    assert docs / ablation().name / FILE in before
    words = ["study", "ablation", "--docs", str(docs), "--out", str(tmp_path / "out"), *changed]
    assert main(words) == 2
    assert "ablation.md is of 144 cells, and " in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in docs.rglob("*") if path.is_file()}
    assert not (tmp_path / "out").exists()
