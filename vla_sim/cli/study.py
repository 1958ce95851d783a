"""`vla-sim study`: what each mechanism is worth, over training seeds, on one page."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.studying.study_run import StudyRun


def recipes() -> "Mapping[str, Callable[[], StudyRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("study")


def run(config: "StudyRun", console: Console) -> int:
    """Measure what is missing, then say where the page is and what is not on it."""
    from vla_sim.loop.studying.study import study

    found, pages = study(config, console)
    for arm in found.arms:
        for seed, why in arm.failures.items():
            tell(console, f"{arm.name}, seed {seed} failed: {why}")
    left = f"{found.n_measured} of {found.n_cells} cells are there"
    failed = f", {found.n_failed} failed; again: the same command" if found.n_failed else ""
    tell(console, left + failed)
    for page in pages:
        tell(console, f"page: {page.resolve()}")
    return int(found.n_failed > 0)


VERB: "Verb[StudyRun]" = Verb(
    summary="Train arms of a recipe over seeds, cell by cell, and say what each is worth.",
    example="study ablation --only base pcgrad --shard 1/2",
    recipes=recipes,
    run=run,
    default="glance",
    first=(
        "arms",
        "against",
        "seeds",
        "only",
        "shard",
        "show",
        "out",
        "cells",
        "docs",
        "keep-memory",
        "base.tasks",
        "base.max-updates",
        "measured.episodes",
        "measured.told",
    ),
    shorts={
        "tasks": "base.tasks",
        "updates": "base.max-updates",
        "episodes": "measured.episodes",
    },
)
