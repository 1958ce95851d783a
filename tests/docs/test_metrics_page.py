"""The page of metrics and the tables of the code say the same, in both languages."""

import re
from pathlib import Path

import pytest

from vla_sim.eval.across.number import Across
from vla_sim.eval.across.table import ACROSS
from vla_sim.eval.events import EVENTS
from vla_sim.eval.metric import Metric
from vla_sim.eval.metrics.table import METRICS

DOCS = Path(__file__).parents[2] / "docs"
BETTER = {
    "en": {"higher": "higher", "lower": "lower", "": ""},
    "zh-CN": {"higher": "高", "lower": "低", "": ""},
}
_ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$", re.MULTILINE)


def rows(language: str) -> dict[str, list[str]]:
    """{name: the other cells} of all tables of a page, in order."""
    page = (DOCS / language / "metrics.md").read_text(encoding="utf-8")
    return {name: [c.strip() for c in cells.split("|")] for name, cells in _ROW.findall(page)}


@pytest.mark.parametrize("language", BETTER)
def test_every_number_is_on_the_page_and_no_other(language: str) -> None:
    assert list(rows(language)) == [*METRICS, *EVENTS, *ACROSS]


@pytest.mark.parametrize("language", BETTER)
def test_unit_direction_and_source_are_those_of_the_code(language: str) -> None:
    told = rows(language)
    lines: dict[str, Metric | Across] = {**METRICS, **ACROSS}
    for name, line in lines.items():
        definition, unit, better, source = told[name]
        assert definition
        assert (unit, source) == (line.unit, line.source), name
        assert better == BETTER[language][line.better], name


def test_events_are_as_the_code_says() -> None:
    assert all(rows("en")[name] == [event.says] for name, event in EVENTS.items())
    assert all(rows("zh-CN")[name][0] for name in EVENTS)
