"""`vla-sim across RESULT`: numbers of several episodes, distances from the expert among them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.benching.spanning import AcrossRun


def recipes() -> "Mapping[str, Callable[[], AcrossRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("across")


def own(folder: str) -> "AcrossRun":
    """The default, of a result."""
    from dataclasses import replace

    return replace(recipes()["default"](), result=Path(folder))


def run(config: "AcrossRun", console: Console) -> int:
    """Calculate and print."""
    from vla_sim.envs.task_names import short_name
    from vla_sim.eval.across.table import ACROSS
    from vla_sim.eval.comparison import ALL
    from vla_sim.loop.benching.spanning import across

    found = across(config, console)
    names = [name for name in ACROSS if any(name in mine for mine in found.values())]
    if not names:
        tell(console, "these episodes say none of the numbers: too few, of one manner, or one arm")
    table = Table(box=box.SIMPLE_HEAD, title="of several episodes")
    table.add_column("task", no_wrap=True)
    for name in names:
        unit = f"\n\\[{ACROSS[name].unit}]" if ACROSS[name].unit else ""
        table.add_column(name.replace("_", "\n") + unit, justify="right", no_wrap=True)
    for task_id, mine in found.items():
        cells = [
            f"{e.value:.3g}\n[dim]\\[{e.low:.3g}, {e.high:.3g}][/]"
            if (e := mine.get(name)) is not None
            else "-"
            for name in names
        ]
        table.add_row(task_id if task_id == ALL else short_name(task_id), *cells)
    if names:
        console.print(table)
    if config.out is not None:
        tell(console, f"written to {config.out}")
    return 0


VERB: "Verb[AcrossRun]" = Verb(
    summary="Numbers that take several episodes: paraphrase score, manners' order, ADE, FDE, DTW.",
    example="across results/mine --distances",
    recipes=recipes,
    run=run,
    word="RESULT",
    takes="the folder of a result, as `vla-sim bench --out FOLDER` writes it; it goes to --result",
    own=own,
    owns=lambda word: word != "default",
)
