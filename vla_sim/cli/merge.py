"""`vla-sim merge`: shards of a benchmark become one result."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.benching.merging import MergeRun


def recipes() -> "Mapping[str, Callable[[], MergeRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("merge")


def run(config: "MergeRun", console: Console) -> int:
    """Merge and print the report."""
    from vla_sim.cli.bench import show, show_failures
    from vla_sim.loop.benching.merging import merge
    from vla_sim.loop.benching.result import read_result

    report = merge(config)
    n_instructions = int(report.run_card.get("protocol/n_instructions", "1"))
    show(report, console, n_instructions=n_instructions)
    show_failures(read_result(config.out).rows, console)
    tell(console, f"written to {config.out}")
    return 0


VERB: "Verb[MergeRun]" = Verb(
    summary="Put the shards of a benchmark together: the result that one run would have given.",
    example="merge shards/1 shards/2 --out runs/bench",
    word="SHARD ...",
    words="shards",
    recipes=recipes,
    run=run,
)
