"""`vla-sim replay RESULT`: an episode of a result again, to the last bit, as a film."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from vla_sim.loop.showing.replay import ReplayRun


def recipes() -> "Mapping[str, Callable[[], ReplayRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("replay")


def own(folder: str) -> "ReplayRun":
    """The default, of a result."""
    return replace(recipes()["default"](), result=Path(folder))


def run(config: "ReplayRun", console: Console) -> int:
    """Run it again and say what it was."""
    from vla_sim.loop.showing.replay import replay

    with console.status(f"running episode {config.episode} again"):
        row, one = replay(config)
    outcome = "success" if row.success_at_end else row.failure.replace("_", " ")
    console.print(
        f"episode {config.episode}: {row.spec.task_id}, seed {row.spec.seed}, {row.shown!r} "
        f"({row.spec.manner}, arm {row.spec.arm}), {outcome} after "
        f"{one.episode.n_steps * one.episode.control_dt_s:.1f} s; the same as measured, to the "
        "last bit",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    tell(console, f"{config.path} ({config.path.stat().st_size / 1024:,.0f} KiB)")
    return 0


VERB: "Verb[ReplayRun]" = Verb(
    summary="Run an episode of a result again, to the last bit, and film it.",
    example="replay results/mine --episode 17 --out failed.gif",
    recipes=recipes,
    run=run,
    word="RESULT",
    takes="the folder of a result, as `vla-sim bench --out FOLDER` writes it; it goes to --result",
    own=own,
    owns=lambda word: word != "default",
)
