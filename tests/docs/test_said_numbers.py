"""What pages say of the default model, and of the study's arms, is what committed cells say."""

import re
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import repeat
from benchmarks.row import Row
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.measures import SUCCESS
from vla_sim.loop.studying.page import comparisons
from vla_sim.loop.studying.summary import summary
from vla_sim.loop.studying.wording import bounds, signed
from vla_sim.recipes.study import ablation

ROOT = Path(__file__).parents[2]
NUMBERS = (ROOT / "docs/en/numbers.md", ROOT / "docs/zh-CN/numbers.md")
CHAPTER = (ROOT / "docs/chapter.md", ROOT / "docs/chapter.zh-CN.md")
BY_REPEAT = "`make claims CLAIMS=repeat`"
WORTH = 5
"""The column of what a mechanism was worth."""
_DECIMAL = re.compile(r"\d+\.\d+")
_ARM = re.compile(r"`([a-z-]+)`(?: ?[(（]([^)）]*)[)）])?")


@cache
def rows() -> list[Row]:
    """Of the default model, those whose cells are there."""
    return list(repeat.shown(Console(quiet=True)))


@pytest.mark.parametrize("page", NUMBERS, ids=lambda page: page.parent.name)
def test_the_numbers_page_has_every_number_of_the_cells(page: Path) -> None:
    said = set(_DECIMAL.findall(page.read_text(encoding="utf-8")))
    assert len(rows()) > 10
    for row in rows():
        assert set(_DECIMAL.findall(row.value)) <= said, f"{row.name}: {row.value}"


@pytest.mark.parametrize("page", CHAPTER, ids=lambda page: page.name)
def test_the_chapter_says_nothing_of_the_default_model_that_no_cell_says(page: Path) -> None:
    there = {number for row in rows() for number in _DECIMAL.findall(f"{row.name} {row.value}")}
    cells = [c for c in page.read_text(encoding="utf-8").split("|") if BY_REPEAT in c]
    assert len(cells) == 7
    for cell in cells:
        assert set(_DECIMAL.findall(cell.partition(BY_REPEAT)[0])) <= there, cell


@pytest.mark.parametrize("page", CHAPTER, ids=lambda page: page.name)
def test_the_chapter_says_what_each_arm_of_the_study_was_worth(page: Path) -> None:
    run = ablation()
    made = comparisons(summary(run, CellStore(folder=ROOT / run.cells_folder)))[SUCCESS]
    worth = {arm: f"{signed(one.mean)} {bounds(one.seeds)}" for arm, one in made.items()}
    said: dict[str, str] = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and len(cells := line.split("|")) > WORTH:
            said |= dict(_ARM.findall(cells[WORTH]))
    named = {arm: numbers for arm, numbers in said.items() if arm in run.arms}
    assert len(named) > 30
    assert named == {arm: worth[arm] for arm in named}
