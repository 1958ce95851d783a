"""When a cell of a study is stale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cells
from benchmarks.cells import NotMeasured, cell, reading_only
from benchmarks.row import Row, there


@dataclass(frozen=True, kw_only=True)
class Plain:
    width: int = 3


@dataclass(frozen=True, kw_only=True)
class Deep:
    depth: int = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    out: Path = Path("here")
    rate: float = 0.5
    inner: Plain | Deep = field(default_factory=Plain)


@dataclass(frozen=True, kw_only=True)
class LaterRun(Run):
    """The same settings, and two that came afterwards."""

    late: int = 0
    late_inner: Plain | Deep = field(default_factory=Plain)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cells, "RESULTS", tmp_path)


def kept(settings: Mapping[str, Any]) -> bool:
    """Whether the cell that was measured for `Run()` holds."""
    cell("one", {"align": Run(), "n": 4}, lambda: {"value": 1})
    with reading_only():
        try:
            cell("one", settings, dict)
        except NotMeasured:
            return False
    return True


@pytest.mark.parametrize(
    "settings",
    [
        {"align": Run(), "n": 4},
        {"align": Run(out=Path("there")), "n": 4},
        {"align": LaterRun(), "n": 4},
    ],
)
def test_a_cell_holds_for_its_own_settings_wherever_they_lie(settings: dict[str, Any]) -> None:
    assert kept(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"align": Run(rate=0.6), "n": 4},
        {"align": Run(), "n": 5},
        {"align": Run()},
        {"align": Run(), "n": 4, "more": 0},
        {"align": Run(inner=Plain(width=4)), "n": 4},
        {"align": Run(inner=Deep()), "n": 4},
        {"align": LaterRun(late=1), "n": 4},
        {"align": LaterRun(late_inner=Deep()), "n": 4},
        {"align": LaterRun(late_inner=Plain(width=4)), "n": 4},
    ],
)
def test_a_cell_is_stale_where_a_setting_is_another(settings: dict[str, Any]) -> None:
    assert not kept(settings)


def test_a_cell_is_stale_where_a_setting_is_gone() -> None:
    cell("one", {"align": LaterRun()}, lambda: {"value": 1})
    with reading_only(), pytest.raises(NotMeasured):
        cell("one", {"align": replace(Run())}, dict)


def test_a_stale_cell_is_shown_where_that_is_asked_for_and_marked() -> None:
    cell("one", {"n": 4}, lambda: {"value": 1})

    def rows() -> Iterator[Row]:
        for n in (4, 5):
            value = cell("one", {"n": n}, dict)["value"]
            yield Row(name=f"n = {n}", value=str(value), bar="printed", holds=True)

    assert [row.name for row in there(rows())] == ["n = 4"]
    own, other = there(rows(), former=True)
    assert own.name == "n = 4"
    assert other.name.startswith("n = 5 (former: one of ") and other.value == "1"
    assert [row.name for row in there(rows())] == ["n = 4"], "asked for once, not for ever"
