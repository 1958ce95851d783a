"""`vla-sim align`: train one model in the closed loop."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.aligning.closed_loop import AlignRun


def recipes() -> "Mapping[str, Callable[[], AlignRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("align")


def run(config: "AlignRun", console: Console) -> int:
    """Train, then say what to do with the result."""
    from vla_sim.loop.aligning.closed_loop import align
    from vla_sim.loop.aligning.monitor import Monitor

    with Monitor(console) as monitor:
        folder = align(config, monitor)
    console.print(
        f"next: vla-sim bench --policy {folder.path}, or vla-sim report --run {folder.path}",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def may_change() -> Sequence[str]:
    """Loads the table."""
    from vla_sim.loop.aligning.closed_loop import MAY_CHANGE

    return MAY_CHANGE


VERB: "Verb[AlignRun]" = Verb(
    summary="Align vision, language and action on triples that the simulators make meanwhile.",
    example="align --out runs/mine --max-seconds 300",
    recipes=recipes,
    run=run,
    resumes=True,
    may_change=may_change,
)
