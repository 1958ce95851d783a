"""The map of the chapter names nothing that is not there, and leaves nothing of the chapter out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from vla_sim.loop.studying.arms import ARMS

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs/chapter.md", ROOT / "docs/chapter.zh-CN.md")
_PLACE = re.compile(r"`((?:vla_sim|tests|benchmarks|docs)/[\w./-]+)(?:::(\w+))?`")
_ARMS = re.compile(r"(?:arms?|方案) ((?:`[\w-]+`(?:, |、)?)+)")
GOTCHAS, CHECKLIST = 10, 6


def rows(page: Path) -> dict[str, list[str]]:
    """{name of a row: its cells}."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| (5\.|[GC]\d)", line)
    ]
    names = [row[0] for row in cells]
    assert len(set(names)) == len(names)
    return dict(zip(names, cells, strict=True))


@cache
def functions_of(path: Path) -> frozenset[str]:
    """The names of a file's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_that_it_names_exists(page: Path) -> None:
    checked = 0
    for name, cells in rows(page).items():
        for place, function in _PLACE.findall(" ".join(cells)):
            assert (ROOT / place).exists(), f"{name}: {place}"
            if function:
                assert function in functions_of(ROOT / place), f"{name}: {place}::{function}"
            checked += 1
    assert checked > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_arm_that_it_names_is_in_the_study(page: Path) -> None:
    named = {
        arm
        for listed in _ARMS.findall(page.read_text(encoding="utf-8"))
        for arm in re.findall(r"`([\w-]+)`", listed)
    }
    assert named and named <= set(ARMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_has_a_row_for_each_part_of_the_chapter(page: Path) -> None:
    names = rows(page)
    sections = {name.split(" ")[0] for name in names}
    wanted = {f"5.{k}" for k in range(1, 11)}
    wanted |= {f"G{k}" for k in range(1, GOTCHAS + 1)}
    wanted |= {f"C{k}" for k in range(1, CHECKLIST + 1)}
    assert wanted == sections
    ruled = {name.split(" ")[0] for name in names if " rule" in name}
    assert ruled == {f"5.{k}" for k in range(1, 11)}, "every section has its rules of thumb"
    for name, cells in names.items():
        assert len(cells) == 6 and all(cells), name


def test_both_languages_say_the_same_places() -> None:
    english, chinese = map(rows, PAGES)
    assert list(english) == list(chinese)
    for name in english:
        assert _PLACE.findall(english[name][2]) == _PLACE.findall(chinese[name][2]), name
        assert english[name][3] == chinese[name][3], name
