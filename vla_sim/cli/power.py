"""`vla-sim power`: how many episodes it takes to tell two success rates."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.benching.powering import PowerRun


def recipes() -> "Mapping[str, Callable[[], PowerRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("power")


def run(config: "PowerRun", console: Console) -> int:
    """Calculate and print."""
    from vla_sim.eval.power import MOST, MOST_UNPAIRED
    from vla_sim.loop.benching.powering import needed

    found = needed(config)
    told = f"{100 * config.from_rate:g} % from {100 * config.to_rate:g} %"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"to tell {told}: alpha {config.alpha:g}, power {config.power:g}",
    )
    table.add_column("how")
    table.add_column("episodes of each policy", justify="right")
    table.add_row(
        f"the same scenes, rho {config.rho:g} (McNemar, exact)",
        f"{found.paired:,}" if found.paired else f"more than {MOST:,}",
    )
    table.add_row(
        "scenes of their own (Fisher, exact)",
        f"{found.unpaired:,}" if found.unpaired else f"more than {MOST_UNPAIRED:,}",
    )
    median = found.sequential
    table.add_row(
        "the same scenes, until decided: median",
        f"more than {found.cap:,}"
        if median is None
        else f"{median.value:.0f} [dim]\\[{median.low:.0f}, {median.high:.0f}][/]",
    )
    table.add_row(
        "the same scenes, until decided: nine of ten",
        f"{found.sequential_90:,}" if found.sequential_90 else f"more than {found.cap:,}",
    )
    console.print(table)
    return 0


VERB: "Verb[PowerRun]" = Verb(
    summary="Say how many episodes tell two success rates: paired, unpaired, until decided.",
    example="power --from 0.5 --to 0.7 --rho 0.5",
    recipes=recipes,
    run=run,
    shorts={"from": "from-rate", "to": "to-rate"},
)
