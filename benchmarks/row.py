"""Row: one claim with its measured value and its bar."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module

from benchmarks.cells import NotMeasured, former_too, reading_only
from vla_sim.records.reports import Estimate


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim."""

    name: str
    value: str
    bar: str
    holds: bool


def percent(rate: Estimate) -> str:
    """A rate with its 95 % interval."""
    return f"{100 * rate.value:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def points(difference: Estimate) -> str:
    """A difference of rates with its 95 % interval."""
    return (
        f"{100 * difference.value:+.1f} points "
        f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"
    )


def told(rows: Iterable[Row]) -> int:
    """Print rows as they come; 0 if each of them holds, else 1."""
    short = 0
    for row in rows:
        verdict = "holds" if row.holds else "FALLS SHORT"
        print(f"{row.name}: {row.value} ({row.bar}): {verdict}", flush=True)
        short += not row.holds
    return int(short > 0)


def rows_of(part: str, modules: Iterable[str]) -> dict[str, Callable[[], Iterator[Row]]]:
    """The measurements in `ROWS` of some modules here, by module, without the part, and name.

    Args:
        part: What the modules' names begin with: "chapter_".
        modules: Their names, without the package.
    """
    return {
        f"{module.removeprefix(part)}-{name}": measure
        for module in modules
        for name, measure in import_module(f"benchmarks.{module}").ROWS.items()
    }


def rows_told(
    measurements: Mapping[str, Callable[[], Iterator[Row]]],
    about: str | None,
    *,
    of_cells: bool = False,
) -> int:
    """Print the rows of measurements, or of those that the command line names after `--only`.

    Args:
        measurements: {name: what yields its rows}.
        about: What `--help` says.
        of_cells: Rows are made of cells, so that `--show` can print those that are there.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--only", nargs="*", choices=sorted(measurements), help="measurements to make"
    )
    if of_cells:
        add_show(parser)
    said = parser.parse_args()
    found = (measurements[name]() for name in said.only or measurements)
    if of_cells and said.show:
        return told(row for rows in found for row in there(rows, former=said.former))
    return told(row for rows in found for row in rows)


def add_show(parser: argparse.ArgumentParser) -> None:
    """Let a command line ask for the rows whose cells are there."""
    parser.add_argument(
        "--show", action="store_true", help="rows whose cells are there; nothing is measured"
    )
    parser.add_argument(
        "--former",
        action="store_true",
        help="with --show: also of cells that were measured with other settings, and of which",
    )


def there(rows: Iterator[Row], *, former: bool = False) -> Iterator[Row]:
    """The rows up to the first whose cell is not there, which is named; nothing is measured.

    Args:
        rows: Of cells.
        former: Take cells of other settings as well; a row says so of its own.
    """
    while True:
        try:
            with reading_only(), former_too(former) as read_so:
                row = next(rows)
        except StopIteration:
            return
        except NotMeasured as missing:
            print(f"not measured: {missing}", flush=True)
            return
        marked = f"{row.name} (former: {', '.join(read_so)})" if read_so else row.name
        yield replace(row, name=marked)
