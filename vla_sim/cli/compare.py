"""`vla-sim compare`: what may be said about results that were measured the same way."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.eval.comparison import Comparison, Contrast
    from vla_sim.loop.benching.comparing import CompareRun
    from vla_sim.records.reports import Estimate


def recipes() -> "Mapping[str, Callable[[], CompareRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("compare")


def run(config: "CompareRun", console: Console) -> int:
    """Compare and print."""
    from vla_sim.loop.benching.comparing import compared, sentences

    comparison = compared(config)
    show(comparison, console)
    for said in sentences(comparison):
        tell(console, said)
    if config.out is not None:
        tell(console, f"written to {config.out}")
    return 0


def show(comparison: "Comparison", console: Console) -> None:
    """The contrasts as a table: all tasks together, then each."""
    from vla_sim.envs.task_names import short_name
    from vla_sim.eval.comparison import ALL

    title = f"{comparison.outcome} under the arm {comparison.arm}, paired"
    table = Table(box=box.SIMPLE_HEAD, title=escape(title))
    table.add_column("task", no_wrap=True)
    for column in ("first", "second", "difference\n\\[points]", "pairs", "p\n(Holm)"):
        table.add_column(column, justify="right", overflow="fold")
    for contrast in (*comparison.overall, *comparison.by_task):
        bold = "bold" if contrast.is_shown(comparison.alpha) else None
        task = contrast.task_id if contrast.task_id == ALL else short_name(contrast.task_id)
        table.add_row(task, *_cells(contrast), style=bold)
    console.print(table)


def _cells(contrast: "Contrast") -> tuple[str, ...]:
    from vla_sim.eval.sentences import signed

    difference = contrast.difference
    value, low, high = (
        signed(x, digits=0) for x in (difference.value, difference.low, difference.high)
    )
    return (
        f"{escape(contrast.first)} {_percent(contrast.first_value)}",
        f"{escape(contrast.second)} {_percent(contrast.second_value)}",
        f"{value} [dim]\\[{low}, {high}][/]",
        f"{difference.n}",
        f"{contrast.adjusted_p:.2g}",
    )


def _percent(value: "Estimate") -> str:
    return f"{100 * value.value:.0f} %"


VERB: "Verb[CompareRun]" = Verb(
    summary="Say whether results differ: paired tests, and the set that ties with the best.",
    example="compare runs/bench-a runs/bench-b --out comparison.md",
    word="RESULT ...",
    words="results",
    recipes=recipes,
    run=run,
)
