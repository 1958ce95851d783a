"""What pages say of the default model is what their committed cells say."""

import re
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import repeat
from benchmarks.row import Row

ROOT = Path(__file__).parents[2]
NUMBERS = (ROOT / "docs/en/numbers.md", ROOT / "docs/zh-CN/numbers.md")
CHAPTER = (ROOT / "docs/chapter.md", ROOT / "docs/chapter.zh-CN.md")
BY_REPEAT = "`make claims CLAIMS=repeat`"
_DECIMAL = re.compile(r"\d+\.\d+")


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
