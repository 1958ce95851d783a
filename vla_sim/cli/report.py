"""`vla-sim report`: one HTML file about runs and results."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.showing.reporting import ReportRun


def recipes() -> "Mapping[str, Callable[[], ReportRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("report")


def run(config: "ReportRun", console: Console) -> int:
    """Write it and say where it lies."""
    from vla_sim.loop.showing.reporting import write_run_report

    path = write_run_report(config, console)
    tell(console, f"report: {path.resolve()}")
    return 0


VERB: "Verb[ReportRun]" = Verb(
    summary="Write runs and results into one HTML file: curves, tables, episodes, films, failures.",
    example="report runs/mine results/mine --out report.html",
    word="RUN ...",
    words="runs",
    recipes=recipes,
    run=run,
    shorts={"run": "runs"},
)
