"""`vla-sim detect`: a detector of failures and of words that do not fit, and what it is worth."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.detecting.detect import DetectRun


def recipes() -> "Mapping[str, Callable[[], DetectRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("detect")


def run(config: "DetectRun", console: Console) -> int:
    """Fit, calibrate and measure."""
    from vla_sim.envs.task_names import short_name
    from vla_sim.loop.detecting.detect import detect

    found = detect(config, console)
    table = Table(box=box.SIMPLE_HEAD, title="on scenes that the detector never saw")
    for column in ("what", "value"):
        table.add_column(column)
    for what, area in found.auroc.items():
        table.add_row(
            f"AUROC, {what}", f"{area.value:.3f} \\[{area.low:.3f}, {area.high:.3f}], n {area.n}"
        )
    for name, rates in (("false alarms", found.false_alarms), ("found", found.found)):
        for kind, rate in rates.items():
            table.add_row(
                f"{name}, {kind}",
                f"{100 * rate.value:.0f} % \\[{100 * rate.low:.0f}, {100 * rate.high:.0f}],"
                f" n {rate.n}",
            )
    lead = "no alarm" if found.lead_s is None else f"{found.lead_s:.1f} s"
    table.add_row("lead of an alarm of failure, median", lead)
    console.print(table)
    for kind in found.unknown:
        console.print(
            f"nothing is known of {kind}: all episodes that could teach it ended alike; there is "
            "no alarm of it",
            highlight=False,
            soft_wrap=True,
        )
    for kind, tasks in found.silent.items():
        if tasks and kind not in found.unknown:
            console.print(
                f"no alarm of {kind} in {', '.join(map(short_name, tasks))}: too few scenes went "
                f"well to allow {100 * config.alpha:g} % of false alarms; take more --episodes",
                highlight=False,
                soft_wrap=True,
            )
    for line in found.said:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    tell(console, f"written to {config.path}")
    return 0


VERB: "Verb[DetectRun]" = Verb(
    summary="Learn to tell from a policy's own vectors that it will fail, and measure how well.",
    example="detect --policy runs/mine --episodes 100",
    recipes=recipes,
    run=run,
)
