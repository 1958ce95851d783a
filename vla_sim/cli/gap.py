"""`vla-sim gap`: the same policy, scenes and actions on two physics engines."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.saying import TAUGHT, tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.benching.gap import GapReport, GapRun
    from vla_sim.records.reports import Estimate


def recipes() -> "Mapping[str, Callable[[], GapRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("gap")


def run(config: "GapRun", console: Console) -> int:
    """Measure and print."""
    from vla_sim.loop.benching.gap import gap

    show(gap(config, console), console)
    if config.out is not None:
        tell(console, f"written to {config.out}")
    return 0


def show(report: "GapReport", console: Console) -> None:
    """The report as two tables."""
    from vla_sim.envs.task_names import short_name

    first, second = report.engines
    title = f"success at end of {report.policy}, n = {report.n_episodes} paired episodes"
    told = TAUGHT if any(task.role == "teacher" for task in report.tasks) else ""
    table = Table(box=box.SIMPLE_HEAD, title=escape(title) + told)
    table.add_column("task")
    for column in (first, second, f"{second.split()[0]} - {first.split()[0]}", "p", "diverged"):
        table.add_column(column, justify="right", overflow="fold")
    for task in report.tasks:
        rates = list(task.success.values())
        table.add_row(
            short_name(task.task_id),
            *(_percent(rate) for rate in rates),
            _percent(task.difference, sign="+"),
            f"{task.p_value:.2g}",
            ", ".join(str(count) for count in task.diverged.values()),
        )
    console.print(table)
    drift = Table(
        box=box.SIMPLE_HEAD,
        title=f"drift under the actions recorded on {first}: median (95th percentile) \\[m]",
    )
    drift.add_column("task")
    for at in report.tasks[0].drift:
        drift.add_column(f"after {at.step} steps", justify="right")
    for task in report.tasks:
        cells = [f"{d.median_m:.2g} ({d.p95_m:.2g})" for d in task.drift]
        drift.add_row(short_name(task.task_id), *cells)
    console.print(drift)


def _percent(rate: "Estimate", sign: str = "") -> str:
    low, high = 100 * rate.low, 100 * rate.high
    return f"{100 * rate.value:{sign}.0f} % [dim]\\[{low:{sign}.0f}, {high:{sign}.0f}][/]"


VERB: "Verb[GapRun]" = Verb(
    summary="Compare two physics engines: a policy's success, and drift under equal actions.",
    first=(
        "policy",
        "tasks",
        "engines",
        "episodes",
        "drift-steps",
        "out",
    ),
    example="gap --tasks Reach Lift --episodes 100 --out gap.json",
    recipes=recipes,
    run=run,
    shorts={"shield": "crank.shield"},
)
